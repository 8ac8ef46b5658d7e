# Reading the same system headers is most of what a source costs to compile. They are compiled once for each way of compiling,
# since flags must agree: what runs for each request (HOT), what runs once, once a second or after the run (COLD), the other modules, and the tests.
# Only headers from outside the project, so that no change of ours compiles everything again; each source still includes what it
# uses: -DPLIMSOLL_PCH=OFF shows what it forgot.
#
# plimsoll_precompile(NAME [LIBS targets...] [OPTIONS flags...] [HEADERS more headers...]): the target that others REUSE_FROM
function(plimsoll_precompile name)
  cmake_parse_arguments(ARG "" "" "LIBS;OPTIONS;HEADERS" ${ARGN})
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(${name} PRIVATE plimsoll_warnings fmt::fmt ${ARG_LIBS})
  target_compile_options(${name} PRIVATE ${ARG_OPTIONS})
  target_precompile_headers(${name} PRIVATE
    <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <filesystem> <functional> <limits> <map> <memory> <optional>
    <set> <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h> ${ARG_HEADERS})
endfunction()

if(PLIMSOLL_LTO)
  set(plimsoll_hot_options -flto=auto -ffat-lto-objects)
endif()
set(plimsoll_cold_options $<$<CONFIG:RelWithDebInfo>:-O1>)
# Tests themselves need not be optimised, which halves the time that they take to compile.
set(plimsoll_test_options $<$<OR:$<CONFIG:RelWithDebInfo>,$<BOOL:${PLIMSOLL_FUZZ}>>:-O0> $<$<CONFIG:RelWithDebInfo>:-g0>)

if(PLIMSOLL_PCH)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")
  plimsoll_precompile(plimsoll_module_pch)
  plimsoll_precompile(plimsoll_hot_pch OPTIONS ${plimsoll_hot_options})
  plimsoll_precompile(plimsoll_cold_pch OPTIONS ${plimsoll_cold_options})
  if(PLIMSOLL_TESTS)
    find_package(GTest REQUIRED)
    plimsoll_precompile(plimsoll_test_pch OPTIONS ${plimsoll_test_options} LIBS GTest::gmock
                        HEADERS <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()
