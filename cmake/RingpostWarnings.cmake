# ringpost_target(NAME): the settings that every target of ours has.
function(ringpost_target name)
  target_compile_options(${name} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-align -Wformat=2 -Werror
    -fvisibility=hidden -fno-omit-frame-pointer
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
endfunction()
