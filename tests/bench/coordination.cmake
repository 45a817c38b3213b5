weft_bench(coordination bench_coordination.c pair.c ${PROJECT_SOURCE_DIR}/tests/cluster/cluster.c
           ${PROJECT_SOURCE_DIR}/tests/cluster/province.c LIBS weft::coordinator)
add_dependencies(bench_coordination weft-coordinator)
