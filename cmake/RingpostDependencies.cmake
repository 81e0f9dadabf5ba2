# Debian 12 packages, but for librdkafka and simdjson, which scripts/build-dependencies puts into a cache outside the tree.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)

# The cache of scripts/build-dependencies: <cache>/librdkafka, <cache>/simdjson and <cache>/simdjson-aarch64 are links
# to the versions to use.
# Sanitizer builds link the same plain libraries.
if(DEFINED ENV{RINGPOST_DEPENDENCIES} AND NOT "$ENV{RINGPOST_DEPENDENCIES}" STREQUAL "")
  set(ringpost_cache "$ENV{RINGPOST_DEPENDENCIES}")
elseif(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(ringpost_cache "$ENV{XDG_CACHE_HOME}/ringpost")
else()
  set(ringpost_cache "$ENV{HOME}/.cache/ringpost")
endif()
set(RINGPOST_DEPENDENCIES "${ringpost_cache}" CACHE PATH "where scripts/build-dependencies keeps librdkafka and simdjson")

# ringpost_static_library(NAME DIRECTORY): the imported target ringpost::NAME from DIRECTORY/lib/libNAME.a
function(ringpost_static_library name directory)
  add_library(ringpost::${name} STATIC IMPORTED GLOBAL)
  set_target_properties(ringpost::${name} PROPERTIES
    IMPORTED_LOCATION "${directory}/lib/lib${name}.a"
    INTERFACE_INCLUDE_DIRECTORIES "${directory}/include")
  file(GLOB licences "${directory}/share/doc/LICENSE.*")
  install(FILES ${licences} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/ringpost)
endfunction()

set(simdjson simdjson)
if(CMAKE_CROSSCOMPILING)
  set(simdjson simdjson-${CMAKE_SYSTEM_PROCESSOR})
endif()
if(NOT EXISTS "${RINGPOST_DEPENDENCIES}/${simdjson}/ringpost-stamp")
  message(FATAL_ERROR "There is no static simdjson for ${CMAKE_SYSTEM_PROCESSOR} in ${RINGPOST_DEPENDENCIES}: run scripts/build-dependencies (about a minute, once)")
endif()
ringpost_static_library(simdjson "${RINGPOST_DEPENDENCIES}/${simdjson}")
if(RINGPOST_CLIENT_ONLY)
  return()
endif()

find_package(PkgConfig REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)

# No system's librdkafka: without scripts/librdkafka.patch it can count an event as delivered that is lost.
if(NOT EXISTS "${RINGPOST_DEPENDENCIES}/librdkafka/ringpost-stamp")
  message(FATAL_ERROR "There is no librdkafka in ${RINGPOST_DEPENDENCIES}: run scripts/build-dependencies (about a minute, once)")
endif()
find_package(CURL REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(librdkafka_needs REQUIRED IMPORTED_TARGET liblz4 libsasl2 libzstd)
ringpost_static_library(rdkafka "${RINGPOST_DEPENDENCIES}/librdkafka")
target_link_libraries(ringpost::rdkafka INTERFACE
  CURL::libcurl OpenSSL::SSL OpenSSL::Crypto ZLIB::ZLIB PkgConfig::librdkafka_needs Threads::Threads dl m)
