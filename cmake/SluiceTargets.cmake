# SPDX-License-Identifier: MIT
# One folder, one library, one test program. The libraries a folder links are the folders it may
# include; test/style/check_layers.py reads the USES lines and fails the build on any other include.

# sluice_library(name SOURCES a.cc ... USES base runtime ... USES_PRIVATE http ... LIBRARIES fmt::fmt ...): its headers
# may include USES, its .cc files USES_PRIVATE as well.
function(sluice_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;USES_PRIVATE;LIBRARIES" ${ARGN})
  add_library(sluice_${name} STATIC ${arg_SOURCES})
  target_link_libraries(sluice_${name} PUBLIC sluice_flags ${arg_LIBRARIES})
  foreach(used IN LISTS arg_USES)
    target_link_libraries(sluice_${name} PUBLIC sluice_${used})
  endforeach()
  foreach(used IN LISTS arg_USES_PRIVATE)
    target_link_libraries(sluice_${name} PRIVATE sluice_${used})
  endforeach()
endfunction()

# sluice_test(name SOURCES a_test.cc ... USES http ... DEFINITIONS A=b PROGRAMS that it starts): one GoogleTest
# program, one ctest entry with the label unit.
# Nothing where tests are not built (BUILD_TESTING).
function(sluice_test name)
  if(NOT BUILD_TESTING)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBRARIES;DEFINITIONS;PROGRAMS" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE
    sluice_flags sluice_test_flags ${arg_LIBRARIES} GTest::gtest GTest::gtest_main)
  foreach(used IN LISTS arg_USES)
    target_link_libraries(${name}_test PRIVATE sluice_${used})
  endforeach()
  target_compile_definitions(${name}_test PRIVATE ${arg_DEFINITIONS})
  if(arg_PROGRAMS)
    add_dependencies(${name}_test ${arg_PROGRAMS})
  endif()
  add_test(NAME unit.${name} COMMAND ${name}_test)
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
