weft_fuzz(fuzz_csv fuzz_csv.c LIBS weft::base)
weft_fuzz(fuzz_expr fuzz_expr.c LIBS weft::catalogue)
weft_fuzz(fuzz_catalogue fuzz_catalogue.c LIBS weft::catalogue)
