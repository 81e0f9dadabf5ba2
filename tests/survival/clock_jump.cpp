// LD_PRELOAD: CLOCK_REALTIME with an offset in seconds, which lies in the file that RINGPOST_TEST_CLOCK names.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
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
