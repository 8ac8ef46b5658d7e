# Reading the same system headers is most of what a source costs to compile. They are compiled once for all modules and
# once for all tests (which are not optimised, so cannot share the first). Only headers from outside the project, so
# that no change of ours compiles everything again; each source still includes what it uses: -DPLIMSOLL_PCH=OFF shows
# what it forgot.
if(PLIMSOLL_PCH)
  set(plimsoll_pch_headers
    <algorithm> <array> <charconv> <chrono> <cmath> <cstdint> <filesystem> <functional> <limits> <map> <memory> <optional>
    <set> <span> <sstream> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")

  add_library(plimsoll_module_pch OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(plimsoll_module_pch PRIVATE plimsoll_warnings fmt::fmt)
  target_precompile_headers(plimsoll_module_pch PRIVATE ${plimsoll_pch_headers})

  if(PLIMSOLL_TESTS)
    find_package(GTest REQUIRED)
    add_library(plimsoll_test_pch OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(plimsoll_test_pch PRIVATE plimsoll_warnings fmt::fmt GTest::gmock)
    target_compile_options(plimsoll_test_pch PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0>)
    target_precompile_headers(plimsoll_test_pch PRIVATE ${plimsoll_pch_headers} <gmock/gmock.h> <gtest/gtest.h>)
  endif()
endif()
