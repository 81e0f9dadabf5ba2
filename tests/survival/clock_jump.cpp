// LD_PRELOAD: CLOCK_REALTIME with an offset in seconds, which lies in the file that RINGPOST_TEST_CLOCK names. Who waits by
// that clock (librdkafka does) waits as in a kernel whose clock was set: a jump backwards makes the wait longer. x86-64.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

using Offset = std::atomic<std::int64_t>;

// Before any constructor, a first call may come.
const Offset* offset_s() {
  static const Offset* const offset = [] {
    const char* const path = std::getenv("RINGPOST_TEST_CLOCK");
    const int file = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return static_cast<const Offset*>(nullptr);
    void* const memory = ::mmap(nullptr, sizeof(Offset), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<const Offset*>(memory);
  }();
  return offset;
}

}  // namespace

EXPORTED int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto real =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, now);
  if (clock == CLOCK_REALTIME && offset_s() != nullptr)
    now->tv_sec += offset_s()->load(std::memory_order_relaxed);  // written by the test, any time
  return result;
}

EXPORTED int gettimeofday(timeval* now, void* /*zone*/) noexcept {
  timespec fine{};
  const int result = clock_gettime(CLOCK_REALTIME, &fine);
  now->tv_sec = fine.tv_sec;
  now->tv_usec = fine.tv_nsec / 1'000;
  return result;
}

EXPORTED time_t time(time_t* where) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (where != nullptr) *where = now.tv_sec;
  return now.tv_sec;
}

namespace {

constexpr std::int64_t kNsPerS = 1'000'000'000;
constexpr std::int64_t kSliceNs = 20'000'000;  // so soon a jump is seen

std::int64_t ns_of(const timespec& time) { return time.tv_sec * kNsPerS + time.tv_nsec; }

}  // namespace

EXPORTED int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* end) {
  // A name without a version would be the one of 2002.
  static const auto real = reinterpret_cast<int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*)>(
      ::dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"));
  for (;;) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const std::int64_t left_ns = ns_of(*end) - ns_of(now);
    if (left_ns <= 0) return ETIMEDOUT;
    const std::int64_t jump_s = offset_s() != nullptr ? offset_s()->load(std::memory_order_relaxed) : 0;
    const std::int64_t slice_end_ns =
        ns_of(now) - jump_s * kNsPerS + (left_ns < kSliceNs ? left_ns : kSliceNs);
    const timespec slice_end{slice_end_ns / kNsPerS, slice_end_ns % kNsPerS};
    const int result = real(condition, mutex, &slice_end);
    if (result != ETIMEDOUT) return result;
  }
}
