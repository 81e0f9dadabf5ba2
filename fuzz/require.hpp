// What must hold whatever the input is. Ends the process, for that is what libFuzzer takes as a finding; its stack says
// where.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace ringpost::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace ringpost::fuzz
