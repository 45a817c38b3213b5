weft_fuzz(fuzz_prio3 fuzz_prio3.c LIBS weft::crypto)
