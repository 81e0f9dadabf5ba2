// A script host that is to die inside a publish: each thread raises SIGTRAP right before its last call and right after it,
// for killed_in_publish, which runs it instruction by instruction in between.
//
//   doomed_publisher SOCKET ACCOUNTS NAME THREADS
//
// Publishes {"n":0...,"by":"NAME/THREAD"} with the key NAME/THREAD to kafkaid/orders, and keeps account of it.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/attack/account.hpp"
#include "tests/attack/shared_file.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kEventsBefore = 2;

void trap() { ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), SIGTRAP); }

// All threads hold a lane at once, so that there is one for each.
void hold_a_lane(Client& client, std::atomic<std::size_t>& holding, std::size_t threads) {
  const Event event{.instance = "kafkaid", .topic = "orders", .message = {}};
  for (;;) {
    try {
      Reservation reservation = client.reserve(event, 8);
      ++holding;
      while (holding < threads) std::this_thread::yield();
      return;
    } catch (const std::exception&) {
      ::usleep(100);
    }
  }
}

void publish_all(Client& client, Accounts::Account& account, const std::string& by) {
  for (std::uint32_t number = 0; number <= kEventsBefore; ++number) {
    const std::string message = "{\"n\":" + std::to_string(number) + ",\"by\":\"" + by + "\"}";
    const Event event{.instance = "kafkaid", .topic = "orders", .message = message, .key = by};
    account.attempted.store(number + 1, std::memory_order_release);
    if (number == kEventsBefore) trap();
    if (!client.try_publish(event)) account.accepted.store(number + 1, std::memory_order_release);
  }
  trap();
}

int run(const std::vector<std::string>& words) {
  const SharedFile<Accounts> accounts(words[2]);
  const std::size_t thread_count = std::stoul(words[4]);
  Client client({.socket_path = words[1].c_str(), .connect_timeout_ms = 60'000});
  std::atomic<std::size_t> holding{0};
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      hold_a_lane(client, holding, thread_count);
      publish_all(client, accounts->of_thread.at(thread), words[3] + "/" + std::to_string(thread));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace ringpost::tests

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + argument_count);
  if (words.size() != 5) return 2;
  try {
    return ringpost::tests::run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
