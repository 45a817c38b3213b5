# The coordinator's daemon, its results and its status.
weft_test(test_loop test_loop.c LIBS weft::base Threads::Threads)
weft_test(test_hold test_hold.c LIBS weft::coordinator)
target_link_options(test_hold PRIVATE -Wl,--wrap=rpc_call_time_left_ms)
weft_test(test_totals test_totals.c LIBS weft::coordinator)
weft_test(test_joining test_joining.c LIBS weft::coordinator)
weft_test(test_publication test_publication.c LIBS weft::coordinator)
weft_test(test_callers test_callers.c rpc_fixture.c LIBS rpc_test_proto weft::coordinator Threads::Threads)
set_tests_properties(test_callers PROPERTIES ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
if(TARGET weft-coordinator AND TARGET weft-authority)
  add_test(NAME test_coordinator_cli
           COMMAND bash system/test_coordinator_cli.sh $<TARGET_FILE:weft-coordinator> $<TARGET_FILE:weft-authority>
                   $<TARGET_FILE:make_identity>
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
  set_tests_properties(test_coordinator_cli PROPERTIES TIMEOUT 300)
endif()
if(TARGET weft-coordinator AND TARGET weft-authority AND TARGET weft-node)
  add_test(NAME test_join_cli
           COMMAND bash system/test_join.sh $<TARGET_FILE:weft-coordinator> $<TARGET_FILE:weft-authority>
                   $<TARGET_FILE:weft-node>
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
  set_tests_properties(test_join_cli PROPERTIES TIMEOUT 300)
endif()
