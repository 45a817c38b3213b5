weft_fuzz(fuzz_wire fuzz_wire.c LIBS weft::base weft::proto)
