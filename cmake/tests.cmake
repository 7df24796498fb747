# Unit tests lie beside their sources as *_test.cc: one executable a room. What spans rooms lies in tests/*_test.cc and
# links the whole house.
foreach(entry IN LISTS rooms)
  string(REGEX MATCH "^([0-9]+):room_(.*)$" _ "${entry}")
  set(name ${CMAKE_MATCH_2})
  string(REPLACE "engine_" "engine/" folder "${name}")
  if(name STREQUAL "engine")
    file(GLOB tests CONFIGURE_DEPENDS src/engine/*_test.cc)
  else()
    file(GLOB_RECURSE tests CONFIGURE_DEPENDS src/${folder}/*_test.cc)
  endif()
  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE room_${name} GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endforeach()

file(GLOB house_tests CONFIGURE_DEPENDS tests/*_test.cc)
foreach(source IN LISTS house_tests)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE room_app GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endforeach()

# Not a test: how long queries take to compile, for bench/queries.py.
add_executable(compile_time EXCLUDE_FROM_ALL bench/compile_time.cc)
target_link_libraries(compile_time PRIVATE room_app)
