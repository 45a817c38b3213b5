# One request of a peer to a running leader or helper, as in tests/cluster.
weft_fuzz(fuzz_core fuzz_core.c ../cluster/cluster.c ../cluster/province.c LIBS weft::coordinator)
