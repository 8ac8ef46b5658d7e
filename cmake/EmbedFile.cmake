# plimsoll_embed(OUTPUT file.cpp HEADER embedded.hpp NAMESPACE ns FILES symbol=path ...)
#
# Writes, at build time, a source that defines `extern const std::string_view symbol` for each text
# file, so that the program carries it inside. `HEADER` is the header that declares the symbols.
# Run again as a script (cmake -P) with the same names as variables; it reads the files then.
function(plimsoll_embed)
  cmake_parse_arguments(ARG "" "OUTPUT;HEADER;NAMESPACE" "FILES" ${ARGN})
  set(inputs)
  foreach(entry IN LISTS ARG_FILES)
    string(REGEX REPLACE "^[^=]+=" "" path "${entry}")
    list(APPEND inputs "${path}")
  endforeach()
  string(REPLACE ";" "|" joined "${ARG_FILES}")
  add_custom_command(
    OUTPUT "${ARG_OUTPUT}"
    COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${ARG_OUTPUT}" "-DHEADER=${ARG_HEADER}" "-DNAMESPACE=${ARG_NAMESPACE}"
            "-DFILES=${joined}" -P "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake"
    DEPENDS ${inputs} "${PROJECT_SOURCE_DIR}/cmake/EmbedFile.cmake"
    COMMENT "Embedding files into ${ARG_OUTPUT}"
    VERBATIM)
  # A file may be longer than the 65,536 characters that the standard asks of every compiler; those we build with take it.
  set_source_files_properties("${ARG_OUTPUT}" PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  set(delimiter "plimsoll-file")
  set(source "// Made by cmake/EmbedFile.cmake. Do not edit.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
  string(REPLACE "|" ";" entries "${FILES}")
  foreach(entry IN LISTS entries)
    string(REGEX MATCH "^([^=]+)=(.*)$" matched "${entry}")
    set(symbol "${CMAKE_MATCH_1}")
    set(path "${CMAKE_MATCH_2}")
    file(READ "${path}" text)
    string(FIND "${text}" ")${delimiter}\"" clash)
    if(NOT clash EQUAL -1)
      message(FATAL_ERROR "${path} holds the delimiter )${delimiter}\" that ends an embedded file")
    endif()
    string(APPEND source "const std::string_view ${symbol} = R\"${delimiter}(${text})${delimiter}\";\n")
  endforeach()
  string(APPEND source "}  // namespace ${NAMESPACE}\n")
  file(WRITE "${OUTPUT}" "${source}")
endif()
