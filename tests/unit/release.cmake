# The release rules: pure functions of the coordinator.
weft_test(test_blocks test_blocks.c LIBS weft::audit)
weft_test(test_dominance test_dominance.c LIBS weft::audit)
weft_test(test_intervals test_intervals.c LIBS weft::audit m)
weft_test(test_strata test_strata.c LIBS weft::audit)
weft_test(test_suppress test_suppress.c suppress_oracle.c LIBS weft::audit)
weft_test(test_family test_family.c LIBS weft::audit)
