set(RINGPOST_SANITIZER "" CACHE STRING "address (clang, with undefined and libFuzzer), thread, or empty")
set_property(CACHE RINGPOST_SANITIZER PROPERTY STRINGS "" address thread)
if(RINGPOST_SANITIZER STREQUAL "address")
  # Everything is instrumented for coverage; fuzz/ links libFuzzer's main to its own programs.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(RINGPOST_SANITIZER STREQUAL "thread")
  # TSan does not model fences (GCC says so at each): they order the clock before the tails, which no race report depends on.
  add_compile_options(-fsanitize=thread $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=thread)
endif()
if(RINGPOST_SANITIZER)
  string(TOUPPER ${RINGPOST_SANITIZER} sanitizer)
  add_compile_definitions(RINGPOST_SANITIZER_${sanitizer})  # for tests that a sanitizer's run time changes
  # Half the compile time of -O2 -g, and stacks that can be read.
  add_compile_options(-O1 -g1)
endif()
