# One hospital: its agent, its egress log, its program.
weft_test(test_agent test_agent.c agent_fixture.c LIBS weft::node)
weft_test(test_egress test_egress.c LIBS weft::node)
