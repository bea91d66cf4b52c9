# parley_layer(<name> SOURCES a.cpp… USES <layers>… LIBRARIES <targets>…
#              [PRECOMPILE <headers>…])
#
# One folder of src/ as a static library `parley_<name>`.
function(parley_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;LIBRARIES;PRECOMPILE" ${ARGN})
  add_library(parley_${name} STATIC ${ARG_SOURCES})
  target_include_directories(parley_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  list(TRANSFORM ARG_USES PREPEND parley_)
  target_link_libraries(parley_${name}
    PUBLIC ${ARG_USES} ${ARG_LIBRARIES}
    PRIVATE parley_options)
  if(ARG_PRECOMPILE)
    target_precompile_headers(parley_${name} PRIVATE ${ARG_PRECOMPILE})
  endif()
endfunction()
