weft_fuzz(fuzz_yaml fuzz_yaml.c LIBS weft::base)
