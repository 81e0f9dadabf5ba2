# ccache where it is installed, unless the caller has chosen a launcher.
find_program(RINGPOST_CCACHE ccache)
if(RINGPOST_CCACHE)
  foreach(language C CXX)
    if(NOT CMAKE_${language}_COMPILER_LAUNCHER)
      set(CMAKE_${language}_COMPILER_LAUNCHER ${RINGPOST_CCACHE})
    endif()
  endforeach()
endif()
