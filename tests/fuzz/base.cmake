weft_fuzz(fuzz_yaml fuzz_yaml.c LIBS weft::base)
weft_fuzz(fuzz_token fuzz_token.c LIBS weft::base)
