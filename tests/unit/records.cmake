# The record side: catalogue, expressions, import, evaluation.
weft_test(test_csv test_csv.c LIBS weft::base)
weft_test(test_schema test_schema.c LIBS weft::catalogue)
add_test(NAME schema_doc COMMAND sh -c "$<TARGET_FILE:weft-schema> | diff - docs/record-tables.md"
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
weft_test(test_expr test_expr.c LIBS weft::node)
weft_test(test_language test_language.c LIBS weft::node)
weft_test(test_counting test_counting.c LIBS weft::node)
weft_test(test_rows test_rows.c LIBS weft::catalogue)
weft_test(test_catalogue test_catalogue.c LIBS weft::catalogue)
weft_test(test_import test_import.c LIBS weft::node)
weft_test(test_evaluate test_evaluate.c LIBS weft::node)
target_compile_definitions(test_evaluate PRIVATE WEFT_DEMO_SPLIT="$<TARGET_FILE:weft-demo-split>")
add_dependencies(test_evaluate weft-demo-split)
