# parley_embed_text(<output.cpp> FROM <file> AS <function> IN <namespace>)
#
# A text file as a C++ function that returns it as std::string_view. Included as
# a module it defines the function; run as a script (cmake -P) it writes the
# source file.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" text)
  string(FIND "${text}" ")parley-text\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${INPUT} holds the delimiter of its own literal")
  endif()
  file(WRITE "${OUTPUT}" "// Generated from ${NAME}.
#include <string_view>

namespace ${NAMESPACE} {

std::string_view ${FUNCTION}() noexcept {
  return R\"parley-text(${text})parley-text\";
}

} // namespace ${NAMESPACE}
")
  return()
endif()

set(PARLEY_EMBED_TEXT_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(parley_embed_text output)
  cmake_parse_arguments(ARG "" "FROM;AS;IN" "" ${ARGN})
  get_filename_component(name "${ARG_FROM}" NAME)
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" -DINPUT=${ARG_FROM} -DOUTPUT=${output}
            -DNAME=${name} -DFUNCTION=${ARG_AS} -DNAMESPACE=${ARG_IN}
            -P "${PARLEY_EMBED_TEXT_SCRIPT}"
    DEPENDS "${ARG_FROM}" "${PARLEY_EMBED_TEXT_SCRIPT}"
    COMMENT "Embedding ${name}"
    VERBATIM)
endfunction()
