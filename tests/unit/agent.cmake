# One hospital: its agent, its egress log, its program.
weft_test(test_agent test_agent.c agent_fixture.c LIBS weft::node)
weft_test(test_egress test_egress.c LIBS weft::node)
weft_test(test_site_view test_site_view.c agent_fixture.c LIBS weft::node)

add_test(NAME test_node_cli
         COMMAND bash ${PROJECT_SOURCE_DIR}/tests/system/test_node_cli.sh ${PROJECT_BINARY_DIR})
set_tests_properties(test_node_cli PROPERTIES TIMEOUT 300)
