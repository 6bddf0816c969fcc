# The embedded certificate. `mask` is built first and writes masked.cpp into the build directory, from EMBED_CERT, EMBED_KEY
# and EMBED_CHAIN (PEM files) or, without them, for a certificate of its own, which lives as long as the build directory.
# libe2ee_proxy.so lies beside the executable, which finds it there ($ORIGIN).
set(EMBED_CERT "" CACHE STRING "PEM file of the certificate to embed")
set(EMBED_KEY "" CACHE STRING "PEM file of its key, not encrypted")
set(EMBED_CHAIN "" CACHE STRING "PEM file of the certificates between it and its CA")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

add_library(credential STATIC src/credential/issue.cpp src/credential/pem.cpp)
target_include_directories(credential PUBLIC src)
target_link_libraries(credential PUBLIC project_flags OpenSSL::Crypto)

add_executable(mask src/credential/mask.cpp)
target_link_libraries(mask PRIVATE credential)

# NAME becomes the library libNAME.so in FOLDER; what follows goes to mask.
function(add_embedded_library name folder)
  set(work ${CMAKE_BINARY_DIR}/${folder})
  file(MAKE_DIRECTORY ${work})
  # Runs in every build (some milliseconds): it alone knows whether the certificate is still valid.
  add_custom_target(${name}_source COMMAND mask ${work}/masked.cpp ${ARGN} BYPRODUCTS ${work}/masked.cpp VERBATIM)
  add_library(${name} SHARED src/credential/reveal.cpp ${work}/masked.cpp)
  add_dependencies(${name} ${name}_source)
  target_include_directories(${name} PRIVATE src)
  target_link_libraries(${name} PRIVATE project_flags)
  target_compile_options(${name} PRIVATE -fno-exceptions)  # the C library is all it needs
  target_link_options(${name} PRIVATE -Wl,--strip-all -Wl,--as-needed)
endfunction()

set(embed_options "")
foreach(option CERT KEY CHAIN)
  if(EMBED_${option})
    string(TOLOWER ${option} lower)
    get_filename_component(file ${EMBED_${option}} ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
    list(APPEND embed_options --${lower} ${file})
  endif()
endforeach()
add_embedded_library(e2ee_proxy credential ${CMAKE_BINARY_DIR}/embedded-ca.pem ${embed_options})

# The same library without the mask and with a throw-away certificate: test/e2e/test_embedded_key.py shows that the scanner
# finds in this one what it must not find in the other.
if(E2EE_TESTS)
  add_embedded_library(e2ee_proxy_control control ${CMAKE_BINARY_DIR}/control/ca.pem --control)
  set_target_properties(e2ee_proxy_control PROPERTIES EXCLUDE_FROM_ALL ON LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/control)
endif()

if(TARGET edge)
  target_link_libraries(edge PUBLIC credential e2ee_proxy)
endif()
