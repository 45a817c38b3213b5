# Dependencies run one way, and each outside library has one home.
add_test(NAME layers COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/layers.sh)
