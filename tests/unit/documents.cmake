# Signed documents, rosters and tasks: every check of base/document, base/roster and base/task.
weft_test(test_document test_document.c LIBS weft::base)
weft_test(test_roster test_roster.c LIBS weft::base)
weft_test(test_roster_history test_roster_history.c LIBS weft::base)
weft_test(test_task test_task.c LIBS weft::base)
weft_test(test_token test_token.c LIBS weft::base)
weft_test(test_renewal test_renewal.c LIBS weft::base)
