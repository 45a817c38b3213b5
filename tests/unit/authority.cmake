# Joining, and the authority's offline ceremony.
weft_test(test_join test_join.c LIBS weft::base)
weft_test(test_authority_times test_authority_times.c LIBS weft::coordinator)
add_executable(make_identity ../system/make_identity.c)
target_link_libraries(make_identity PRIVATE weft::base)
if(TARGET weft-authority)
  add_test(NAME test_authority
           COMMAND bash system/test_authority.sh $<TARGET_FILE:weft-authority> $<TARGET_FILE:make_identity>
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/tests)
  set_tests_properties(test_authority PROPERTIES TIMEOUT 300)
endif()
