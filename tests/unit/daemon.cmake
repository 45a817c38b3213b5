# The coordinator's daemon, its results and its status.
weft_test(test_loop test_loop.c LIBS weft::base Threads::Threads)
weft_test(test_totals test_totals.c LIBS weft::coordinator)
if(TARGET weft-coordinator AND TARGET weft-authority)
  add_test(NAME test_coordinator_cli
           COMMAND bash system/test_coordinator_cli.sh $<TARGET_FILE:weft-coordinator> $<TARGET_FILE:weft-authority>
                   $<TARGET_FILE:make_identity>
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
  set_tests_properties(test_coordinator_cli PROPERTIES TIMEOUT 300)
endif()
