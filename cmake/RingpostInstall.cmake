# What `cmake --install` puts where. tests/package compares the result with its list, and builds against it.
include(CMakePackageConfigHelpers)

# The soname, and with it the name of Debian's package of the library (libringpost1).
set(RINGPOST_ABI_VERSION 1)
set_target_properties(ringpost PROPERTIES VERSION ${RINGPOST_ABI_VERSION}.${PROJECT_VERSION} SOVERSION ${RINGPOST_ABI_VERSION})

install(TARGETS ringpostd ringpost_keeper RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS ringpost_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ringpost EXPORT ringpost-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES client-lib/ringpost.h client-lib/ringpost.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/ringpost)
install(EXPORT ringpost-targets NAMESPACE ringpost:: DESTINATION ${package_directory})
configure_package_config_file(cmake/ringpost-config.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/ringpost-config.cmake
                              INSTALL_DESTINATION ${package_directory})
write_basic_package_version_file(ringpost-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ringpost-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/ringpost-config-version.cmake
        DESTINATION ${package_directory})

# Relative, so that `cmake --install --prefix` gives a file that is right.
file(RELATIVE_PATH prefix_from_pc_file /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/ringpost.pc.in ringpost.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ringpost.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.[1-8])
foreach(page IN LISTS man_pages)
  string(REGEX MATCH "[1-8]$" section ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DOCDIR})
