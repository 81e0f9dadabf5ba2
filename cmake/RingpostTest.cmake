# ringpost_test(NAME SOURCES file... LIBRARIES target... [LABEL label] [TIMEOUT seconds] [SERIAL] [THREADS]
#               [TOGETHER [KAFKA version...] [FILTER pattern]])
#
# One GoogleTest program; each of its tests is one of ctest's, under the program's name; with TOGETHER the program is one
# test, run by one process: where what its tests share, a cluster of brokers, costs more than they do. With KAFKA it is one test
# for each of these versions, which its process finds in RINGPOST_KAFKA. FILTER: those of its tests, by GoogleTest's pattern,
# that belong into CI; the others are a command of their own. LABEL is unit (the default), integration (real programs, embedded
# cluster), namespaces or acceptance (Apache Kafka). SERIAL: never beside another test. TIMEOUT, 120 by default, is what ctest
# goes by on a new machine, too: what may take the longest begins first, so that it does not run alone at the end. THREADS:
# threads of ours meet in it, so that the thread sanitizer has something to say; its build makes and runs no other tests.
# A test that skips itself fails: "passed" has to mean that it ran.
include(GoogleTest)
find_package(GTest REQUIRED)

function(ringpost_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL;THREADS;TOGETHER" "LABEL;TIMEOUT;FILTER" "SOURCES;LIBRARIES;KAFKA")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  ringpost_target(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  if(RINGPOST_SANITIZER STREQUAL "thread" AND NOT arg_THREADS)
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    return()
  endif()
  set(properties LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} COST ${arg_TIMEOUT} FAIL_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
  if(arg_SERIAL)
    list(APPEND properties RUN_SERIAL ON)
  endif()
  set(command ${name})
  if(arg_FILTER)
    list(APPEND command --gtest_filter=${arg_FILTER})
  endif()
  foreach(version IN LISTS arg_KAFKA)
    add_test(NAME "${name}: Kafka ${version}" COMMAND ${command})
    set_tests_properties("${name}: Kafka ${version}" PROPERTIES ${properties} ENVIRONMENT RINGPOST_KAFKA=${version})
  endforeach()
  if(arg_KAFKA)
    return()
  endif()
  if(arg_TOGETHER)
    add_test(NAME "${name}: together" COMMAND ${command})
    set_tests_properties("${name}: together" PROPERTIES ${properties})
    return()
  endif()
  gtest_discover_tests(${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES ${properties})
endfunction()
