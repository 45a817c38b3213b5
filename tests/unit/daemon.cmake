# The coordinator's daemon, its results and its status.
weft_test(test_loop test_loop.c LIBS weft::base Threads::Threads)
