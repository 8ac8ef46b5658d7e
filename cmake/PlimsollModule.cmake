# plimsoll_module(NAME [HOT] SOURCES ... [DEPENDS modules...] [PRIVATE_LIBS targets...])
#
# One static library per module. DEPENDS names other modules (plimsoll_<name>), whose headers its own
# headers may include; PRIVATE_LIBS are third-party libraries confined to this module's sources;
# fmt is every module's and every test's.
# tests/lint checks the #include lines against the same table, so a DEPENDS entry alone grants nothing.
# HOT: what runs for each request; optimised across files where PLIMSOLL_LTO is on (docs/decisions/0005).
function(plimsoll_module name)
  cmake_parse_arguments(ARG "HOT" "" "SOURCES;DEPENDS;PRIVATE_LIBS" ${ARGN})
  add_library(plimsoll_${name} STATIC ${ARG_SOURCES})
  target_include_directories(plimsoll_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
  foreach(dep IN LISTS ARG_DEPENDS)
    target_link_libraries(plimsoll_${name} PUBLIC plimsoll_${dep})
  endforeach()
  target_link_libraries(plimsoll_${name} PRIVATE plimsoll_warnings fmt::fmt ${ARG_PRIVATE_LIBS})
  set(kind module)
  if(ARG_HOT)
    set(kind hot)
  endif()
  target_compile_options(plimsoll_${name} PRIVATE ${plimsoll_${kind}_options})
  if(PLIMSOLL_PCH)
    target_precompile_headers(plimsoll_${name} REUSE_FROM plimsoll_${kind}_pch)
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
