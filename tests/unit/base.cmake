# The foundations that the programs share.
foreach(area err contact log yaml settings calendar file store cert args)
  weft_test(test_${area} test_${area}.c LIBS weft::base Threads::Threads)
endforeach()
target_link_libraries(test_cert PRIVATE OpenSSL::Crypto)
target_link_options(test_yaml PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup)

add_test(NAME errors_doc COMMAND sh -c "$<TARGET_FILE:weft-errors> | diff - docs/errors.md"
         WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
