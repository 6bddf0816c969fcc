# Where the libraries come from: .deps (built by scripts/deps) first, else the system.
set(deps ${CMAKE_SOURCE_DIR}/.deps)

if(EXISTS ${deps}/openssl/lib/libcrypto.a)
  set(OPENSSL_ROOT_DIR ${deps}/openssl)
  set(OPENSSL_USE_STATIC_LIBS ON)
endif()
find_package(Threads REQUIRED)
find_package(OpenSSL 3.5 REQUIRED)

find_package(Boost 1.81 REQUIRED)
target_compile_definitions(Boost::headers INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

find_path(yyjson_include yyjson.h HINTS ${deps}/yyjson/include REQUIRED)
find_library(yyjson_library NAMES libyyjson.a yyjson HINTS ${deps}/yyjson/lib REQUIRED)
add_library(yyjson_static INTERFACE)
target_include_directories(yyjson_static SYSTEM INTERFACE ${yyjson_include})
target_link_libraries(yyjson_static INTERFACE ${yyjson_library})

find_path(libdeflate_include libdeflate.h REQUIRED)
find_library(libdeflate_library NAMES libdeflate.a deflate REQUIRED)
add_library(libdeflate INTERFACE)
target_include_directories(libdeflate SYSTEM INTERFACE ${libdeflate_include})
target_link_libraries(libdeflate INTERFACE ${libdeflate_library})

find_package(CLI11 REQUIRED)
