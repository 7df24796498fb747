# Files as a part of the program: adds to `target` a source that defines `function`, as `header` declares it, returning
# the files' names and texts.
function(embed_files target function header namespace)
  set(rows "")
  foreach(file IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    cmake_path(GET file FILENAME name)
    file(READ ${file} text)
    string(APPEND rows "{\"${name}\", R\"embed(${text})embed\"},\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${target}_${function}.cc @ONLY
    CONTENT "#include \"${header}\"\n\nnamespace ${namespace} {\n\nconst std::vector<EmbeddedFile>& ${function}() {\n  static const std::vector<EmbeddedFile> files{\n${rows}};\n  return files;\n}\n\n}  // namespace ${namespace}\n")
  target_sources(${target} PRIVATE ${CMAKE_BINARY_DIR}/${target}_${function}.cc)
endfunction()

# `tidemill schedule simulate` has something to show anywhere.
file(GLOB night CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/examples/night/*.yaml)
embed_files(room_app NightExample app/timetable_files.h tidemill::app ${night})
file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/serve/page/*)
embed_files(room_serve PageFiles serve/page.h tidemill::serve ${pages})
