// Under traffic a publish makes no system call and allocates nothing. Counted, not assumed: the allocator of this
// program counts, and the kernel ends a thread that makes a call.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <functional>

#include "client-lib/ringpost.hpp"
#include "tests/client/fake_daemon.hpp"

namespace {

thread_local bool counting = false;
std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Every allocation goes through one of these: operator new calls malloc. The sanitizers have allocators, and hooks, of
// their own.
#if defined(RINGPOST_SANITIZER_ADDRESS) || defined(RINGPOST_SANITIZER_THREAD)
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*, std::size_t),
                                                         void (*)(const volatile void*));
namespace {

void count_allocation(const volatile void* /*memory*/, std::size_t /*size*/) {
  if (counting) ++allocations;
}
void ignore_free(const volatile void* /*memory*/) {}
[[maybe_unused]] const int installed =
    __sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free);

}  // namespace
#else
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

void* malloc(std::size_t size) {
  if (counting) ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  if (counting) ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  if (counting) ++allocations;
  return __libc_realloc(memory, size);
}
}
#endif

namespace ringpost::tests {
namespace {

constexpr int kPublishes = 10'000;

ringpost_event make_event(const ringpost_header* headers, std::size_t header_count) {
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = R"({"id":"123","list":[1,2,3]})";
  event.message_size = 27;
  event.key = "key";
  event.key_size = 3;
  event.headers = headers;
  event.header_count = header_count;
  return event;
}

// Each form of the call, refusals among them; returns how many did what they should.
int use_everything(ringpost_handle* handle, int times) {
  static const std::array headers{header("header1", "header1-value"), header("header2", "header2-value")};
  const ringpost_event event = make_event(headers.data(), headers.size());
  ringpost_event wrong = event;
  wrong.topic = "unknown";
  ringpost_event to_come = event;
  to_come.message = nullptr;
  int right = 0;
  for (int time = 0; time < times; ++time) {
    right += ringpost_publish(handle, &event) == RINGPOST_OK ? 1 : 0;
    right += ringpost_publish(handle, &wrong) == RINGPOST_UNKNOWN_TOPIC ? 1 : 0;
    ringpost_reservation reservation;
    right += ringpost_reserve(handle, &to_come, &reservation) == RINGPOST_OK ? 1 : 0;
    reservation.text[0] = '1';
    right += ringpost_commit(handle, &reservation, 1, 0) == RINGPOST_OK ? 1 : 0;
  }
  return right;
}

class Quiet : public testing::Test {
 protected:
  FakeDaemon daemon_{{FakeInstance{.lane_bytes = 8u << 20}}};
  Client client_{Options{.socket_path = daemon_.socket_path().c_str()}};
};

TEST_F(Quiet, the_counter_counts) {
  counting = true;
  const auto* memory = new std::string(100, 'x');
  counting = false;
  delete memory;
  EXPECT_GT(allocations.exchange(0), 0u);
}

TEST_F(Quiet, no_allocation) {
  use_everything(client_.handle(), 1);
  counting = true;
  const int right = use_everything(client_.handle(), kPublishes);
  const bool message = *last_error_message() != '\0';
  counting = false;
  EXPECT_EQ(right, 4 * kPublishes);
  EXPECT_TRUE(message);
  EXPECT_EQ(allocations.exchange(0), 0u);
}

// Not under the sanitizers, which make calls of their own.
#if !defined(RINGPOST_SANITIZER_ADDRESS) && !defined(RINGPOST_SANITIZER_THREAD)

// From now on the calling thread may only end; any other system call kills its process with SIGSYS.
void forbid_system_calls() {
  std::array<sock_filter, 4> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) ::_exit(99);
}

// Runs `body` in a child with a handle of its own; its exit status, or minus the signal that ended it.
int run_without_system_calls(const FakeDaemon& daemon, const std::function<int(ringpost_handle*)>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    Client own({.socket_path = daemon.socket_path().c_str()});
    use_everything(own.handle(), 1);
    forbid_system_calls();
    ::_exit(body(own.handle()));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST_F(Quiet, the_filter_filters) {
  EXPECT_EQ(
      run_without_system_calls(daemon_, [](ringpost_handle*) { return static_cast<int>(::getppid()) & 1; }),
      -SIGSYS);
}

TEST_F(Quiet, no_system_call) {
  const int status = run_without_system_calls(daemon_, [](ringpost_handle* handle) {
    return use_everything(handle, kPublishes) == 4 * kPublishes ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(daemon_.drain().size(), 2u * (kPublishes + 1));
}

TEST_F(Quiet, the_wake_up_of_a_sleeping_daemon_is_the_only_one) {
  ipc::arm(daemon_.board().doorbell_armed, 1);
  const int status = run_without_system_calls(daemon_, [this](ringpost_handle* handle) {
    use_everything(handle, 100);  // its number was rung before the filter: not again
    daemon_.board().doorbell_armed = 2;
    return use_everything(handle, 1);
  });
  EXPECT_EQ(status, -SIGSYS);
}

TEST_F(Quiet, a_full_buffer_is_no_reason_for_a_call_either) {
  const int status = run_without_system_calls(daemon_, [](ringpost_handle* handle) {
    const ringpost_event event = make_event(nullptr, 0);
    int full = 0;
    for (int time = 0; time < 1'000'000 && full < 1'000; ++time) {
      if (ringpost_publish(handle, &event) == RINGPOST_BUFFER_FULL) ++full;
    }
    return full == 1'000 ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

#endif

}  // namespace
}  // namespace ringpost::tests
