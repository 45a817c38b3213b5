weft_fuzz(fuzz_csv fuzz_csv.c LIBS weft::node)
weft_fuzz(fuzz_expr fuzz_expr.c LIBS weft::catalogue)
