# plimsoll_module(NAME [HOT | COLD] SOURCES ... [DEPENDS modules...] [PRIVATE_LIBS targets...])
#
# One static library per module. DEPENDS names other modules (plimsoll_<name>), whose headers its own
# headers may include; PRIVATE_LIBS are third-party libraries confined to this module's sources;
# fmt is every module's and every test's.
# tests/lint checks the #include lines against the same table, so a DEPENDS entry alone grants nothing.
# HOT: what runs for each request; optimised across files where PLIMSOLL_LTO is on (docs/decisions/0005).
# COLD: what runs once, once a second or after the run, and compiles a quarter faster for being optimised less (docs/decisions/0030).
function(plimsoll_module name)
  cmake_parse_arguments(ARG "HOT;COLD" "" "SOURCES;DEPENDS;PRIVATE_LIBS" ${ARGN})
  add_library(plimsoll_${name} STATIC ${ARG_SOURCES})
  target_include_directories(plimsoll_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  foreach(dep IN LISTS ARG_DEPENDS)
    target_link_libraries(plimsoll_${name} PUBLIC plimsoll_${dep})
  endforeach()
  target_link_libraries(plimsoll_${name} PRIVATE plimsoll_warnings fmt::fmt ${ARG_PRIVATE_LIBS})
  set(kind module)
  if(ARG_HOT)
    set(kind hot)
  elseif(ARG_COLD)
    set(kind cold)
  endif()
  target_compile_options(plimsoll_${name} PRIVATE ${plimsoll_${kind}_options})
  if(PLIMSOLL_PCH)
    target_precompile_headers(plimsoll_${name} REUSE_FROM plimsoll_${kind}_pch)
  endif()
  if(NOT ARG_HOT)
    plimsoll_compile_together(plimsoll_${name})
  endif()
endfunction()

# Where PLIMSOLL_UNITY is on (docs/decisions/0030): the sources of a target are compiled some at a time. Names in their unnamed
# namespaces may then meet; one of them is renamed, or both are made one.
function(plimsoll_compile_together target)
  if(PLIMSOLL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # It takes what a source includes for a header, and a class there for one that others see.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
endfunction()

# plimsoll_test(NAME SOURCES ... MODULES ... [LABELS label] [TIMEOUT seconds] [LIBS ...])
#
# One GoogleTest program; every TEST becomes a ctest entry of its own with this label. Label `long` what
# takes over 20 s: plain scripts/test leaves it out.
function(plimsoll_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;MODULES;LABELS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foreach(dep IN LISTS ARG_MODULES)
    target_link_libraries(${name} PRIVATE plimsoll_${dep})
  endforeach()
  target_link_libraries(${name} PRIVATE plimsoll_warnings fmt::fmt GTest::gmock GTest::gtest_main ${ARG_LIBS})
  if(PLIMSOLL_PCH)
    target_precompile_headers(${name} REUSE_FROM plimsoll_test_pch)
  endif()
  target_compile_definitions(${name} PRIVATE PLIMSOLL_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             PLIMSOLL_BINARY="$<TARGET_FILE:plimsoll>")
  # What is tested is optimised, the tests themselves are not.
  # The library objects are fat: a test program need not pay for link-time optimisation either.
  target_compile_options(${name} PRIVATE ${plimsoll_test_options})
  plimsoll_compile_together(${name})
  target_link_options(${name} PRIVATE $<$<BOOL:${PLIMSOLL_LTO}>:-fno-lto>)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  # A test's processes share the build machine with the others: discovery at ctest time keeps the build cheap.
  set(properties TIMEOUT ${ARG_TIMEOUT})
  list(LENGTH ARG_LABELS label_count)
  if(label_count EQUAL 1)
    list(APPEND properties LABELS ${ARG_LABELS})
  elseif(label_count GREATER 1)  # discovery would drop all but the first
    message(FATAL_ERROR "${name}: one label at most, got ${ARG_LABELS}; `long` is the one that counts")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
endfunction()
