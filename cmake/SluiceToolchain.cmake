# SPDX-License-Identifier: MIT
# Compiler flags for every target, and the packages the project stands on.

option(BUILD_TESTING "Tests and benchmarks" ON)
option(SLUICE_WERROR "Warnings are errors" OFF)
option(SLUICE_HARDENING "Release hardening flags" OFF)
option(SLUICE_FUZZ "Build the libFuzzer targets" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "Comma separated sanitizers for every target")

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(fmt REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED COMPONENTS core)
find_package(CURL REQUIRED)
find_package(pugixml 1.13 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(AVFORMAT REQUIRED IMPORTED_TARGET libavformat libavcodec libavutil)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(MAGIC REQUIRED IMPORTED_TARGET libmagic)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq>=14)
if(BUILD_TESTING)
  enable_testing()
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
  find_program(SLUICE_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
endif()

# A build from nothing needs none of it.
find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SLUICE_CCACHE})
endif()

add_library(sluice_flags INTERFACE)
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  -Wold-style-cast -Wimplicit-fallthrough -Wthread-safety -Wthread-safety-beta -fno-omit-frame-pointer)
if(SLUICE_WERROR)
  target_compile_options(sluice_flags INTERFACE -Werror)
endif()
target_compile_definitions(sluice_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  _FILE_OFFSET_BITS=64
  # Every co_await would keep room for one in its coroutine's frame.
  BOOST_ASIO_DISABLE_SOURCE_LOCATION BOOST_ASIO_DISABLE_BOOST_SOURCE_LOCATION
  # A recycled block keeps the room of the larger one that it was, for as long as its connection
  # waits.
  BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING)
target_include_directories(sluice_flags INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/test")
target_link_libraries(sluice_flags INTERFACE Threads::Threads)

if(SLUICE_HARDENING)
  target_compile_options(sluice_flags INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -D_GLIBCXX_ASSERTIONS -fstack-protector-strong
    -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero -fPIE)
  target_link_options(sluice_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
if(SLUICE_SANITIZE)
  target_compile_options(sluice_flags INTERFACE
    -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sluice_flags INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()
if(SLUICE_FUZZ)
  target_compile_options(sluice_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(sluice_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# After sluice_flags, for the tests themselves. What they test is optimised and instrumented in its library.
add_library(sluice_test_flags INTERFACE)
target_compile_options(sluice_test_flags INTERFACE -O0)
if(SLUICE_FUZZ)
  target_compile_options(sluice_test_flags INTERFACE -fno-sanitize=fuzzer-no-link)
endif()
add_link_options(-fuse-ld=lld)
