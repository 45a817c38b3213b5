weft_bench(crypto bench_crypto.c LIBS weft::crypto)
