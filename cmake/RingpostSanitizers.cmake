set(RINGPOST_SANITIZER "" CACHE STRING "address (with undefined), thread, fuzzer (clang's libFuzzer, with address and undefined), or empty")
set_property(CACHE RINGPOST_SANITIZER PROPERTY STRINGS "" address thread fuzzer)
if(RINGPOST_SANITIZER STREQUAL "address")
  # GCC takes its own instrumentation for ways around an initialisation (its manual says so); the release build warns of them.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
                      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  add_link_options(-fsanitize=address,undefined)
elseif(RINGPOST_SANITIZER STREQUAL "fuzzer")
  # Everything is instrumented for coverage; fuzz/ links libFuzzer's main to its own programs.
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(RINGPOST_SANITIZER STREQUAL "thread")
  # TSan does not model fences (GCC says so at each): they order the clock before the tails, which no race report depends on.
  add_compile_options(-fsanitize=thread $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  add_link_options(-fsanitize=thread)
endif()
if(RINGPOST_SANITIZER)
  # Half the compile time of -O2 -g, and stacks that can be read.
  add_compile_options(-O1 -g1)
endif()
