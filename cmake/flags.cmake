# Warnings and hardening, the same for every target of ours.
add_library(project_flags INTERFACE)
target_compile_options(project_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(project_flags INTERFACE -Wthread-safety -Wunreachable-code)
endif()

find_program(lld NAMES ld.lld-19 ld.lld)
if(lld AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_link_options(project_flags INTERFACE --ld-path=${lld})
endif()
target_link_options(project_flags INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

if(E2EE_SANITIZE)
  target_compile_options(project_flags INTERFACE -fsanitize=${E2EE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(project_flags INTERFACE -fsanitize=${E2EE_SANITIZE})
else()
  # OpenSSL and libdeflate are linked in: their symbols must not be offered to anybody else. (A sanitizer's must be: libstdc++
  # would free by itself what the sanitizer's allocator gave out.)
  target_link_options(project_flags INTERFACE -Wl,--exclude-libs,ALL)
  target_compile_options(project_flags INTERFACE -fstack-protector-strong -fstack-clash-protection
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
    target_compile_options(project_flags INTERFACE -fcf-protection=full)
  endif()
endif()
include(CheckPIESupported)
check_pie_supported()
