# libFuzzer targets: fuzz/NAME.cpp becomes the executable fuzz_NAME. All of our code is built for them with coverage counters,
# the sanitizers of the preset and every assertion of the libraries; little optimised, so that it is there soon.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "libFuzzer comes with clang: configure with the preset `fuzz`")
endif()
target_compile_options(project_flags INTERFACE -fsanitize=fuzzer-no-link -O1 -gline-tables-only -UNDEBUG)
target_compile_definitions(project_flags INTERFACE _GLIBCXX_ASSERTIONS)

# Of the edge only what reads what others wrote: the rest has sockets.
add_library(fuzzed_edge STATIC EXCLUDE_FROM_ALL src/net/http_parser.cpp src/net/message.cpp src/net/identity.cpp)
target_link_libraries(fuzzed_edge PUBLIC core credential e2ee_proxy Boost::headers)
# Beast 1.81 asserts too much of a last chunk that comes in pieces (boostorg/beast, pull request 2861): harmless where assertions
# are off, as in the program.
target_compile_definitions(fuzzed_edge PUBLIC BOOST_DISABLE_ASSERTS)

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*.cpp)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(fuzz_${name} EXCLUDE_FROM_ALL ${source})
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/fuzz ${CMAKE_SOURCE_DIR}/test/unit)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_${name} PRIVATE core)
endforeach()
foreach(name http certificates)
  target_link_libraries(fuzz_${name} PRIVATE fuzzed_edge)
endforeach()
