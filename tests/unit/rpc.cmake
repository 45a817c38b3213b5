# Decoding and calls, over a small proto of their own.
set(rpc_test_pb ${CMAKE_CURRENT_BINARY_DIR}/rpc_test.pb-c)
add_custom_command(OUTPUT ${rpc_test_pb}.c ${rpc_test_pb}.h
  COMMAND ${PROTOC} --plugin=protoc-gen-c=${PROTOC_GEN_C} --c_out=${CMAKE_CURRENT_BINARY_DIR}
          -I${CMAKE_CURRENT_LIST_DIR} ${CMAKE_CURRENT_LIST_DIR}/rpc_test.proto
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/rpc_test.proto VERBATIM)
add_library(rpc_test_proto STATIC ${rpc_test_pb}.c ${rpc_test_pb}.h)
target_compile_options(rpc_test_proto PRIVATE -w)
target_include_directories(rpc_test_proto SYSTEM PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
target_link_libraries(rpc_test_proto PUBLIC PkgConfig::PROTOBUF_C)

# wire_types.inc: TYPE(descriptor) for every message of proto/*.proto.
file(GLOB wire_protos CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/proto/*.proto)
foreach(proto ${wire_protos})
  get_filename_component(name ${proto} NAME_WE)
  list(APPEND wire_headers ${PROJECT_BINARY_DIR}/proto/${name}.pb-c.h)
endforeach()
set(wire_types ${CMAKE_CURRENT_BINARY_DIR}/wire_types.inc)
add_custom_command(OUTPUT ${wire_types}
  COMMAND sed -n "s/^extern const ProtobufCMessageDescriptor \\(.*\\);$/TYPE(\\1)/p" ${wire_headers} > ${wire_types}
  DEPENDS weft_proto ${wire_protos} VERBATIM)
weft_test(test_wire test_wire.c ${wire_types} LIBS rpc_test_proto weft::base)
weft_test(test_rpc test_rpc.c rpc_fixture.c LIBS rpc_test_proto weft::base Threads::Threads)
weft_test(test_rpc_proxy test_rpc_proxy.c connect_proxy.c rpc_fixture.c LIBS rpc_test_proto weft::base Threads::Threads)
weft_test(test_probe test_probe.c connect_proxy.c rpc_fixture.c LIBS rpc_test_proto weft::base Threads::Threads)
weft_test(test_rpc_faults test_rpc_faults.c rpc_fixture.c
          LIBS rpc_test_proto weft::base ${GRPC_LIBRARY} ${GPR_LIBRARY} Threads::Threads)
# libgrpc's atomics are invisible to ThreadSanitizer; base/rpc_internal.h tells it about each hand-over instead.
set_tests_properties(test_rpc test_probe test_rpc_proxy test_rpc_faults PROPERTIES ENVIRONMENT
                     "TSAN_OPTIONS=ignore_noninstrumented_modules=1")
