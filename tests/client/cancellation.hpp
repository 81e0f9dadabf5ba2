// Ending a thread by cancellation.
#pragma once

#include <pthread.h>

#ifdef RINGPOST_SANITIZER_ADDRESS
extern "C" void __asan_handle_no_return(void);  // NOLINT(bugprone-reserved-identifier)
#endif

namespace ringpost::tests {

// The calling thread ends here if it has been cancelled. AddressSanitizer does not see that the frames above are left,
// and has to be told, or takes the next ones on that stack for overflows.
inline void end_if_cancelled() {
#ifdef RINGPOST_SANITIZER_ADDRESS
  __asan_handle_no_return();
#endif
  ::pthread_testcancel();
}

}  // namespace ringpost::tests
