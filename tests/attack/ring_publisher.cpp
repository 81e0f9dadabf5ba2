// Publishes when the drainer has taken everything and is about to sleep, at a random instant of that.
//
//   ring_publisher SOCKET TURNS THREADS EVENTS
//
// Each of THREADS publishes EVENTS, and each event only when all threads' events before have been taken.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "ipc/clock.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/attack/turns.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint64_t kSpreadNs =
    4'000;  // from before the drainer looks, through the arming, into its sleep

void wait_until_taken(const Turns& turns, std::uint32_t count) {
  constexpr int kLooks = 10'000;  // then others need the processor more
  for (int look = 0; turns.taken.load(std::memory_order_acquire) < count; ++look) {
    if (look > kLooks) std::this_thread::yield();
  }
}

void publish_all(Client& client, const Turns& turns, unsigned seed, std::uint32_t threads,
                 std::uint32_t events) {
  std::mt19937_64 random(seed);
  for (std::uint32_t number = 0; number < events; ++number) {
    wait_until_taken(turns, number * threads);
    const std::int64_t instant_ns = ipc::monotonic_ns() + static_cast<std::int64_t>(random() % kSpreadNs);
    while (ipc::monotonic_ns() < instant_ns) {
    }
    if (client.try_publish({.instance = "kafkaid", .topic = "orders", .message = "1"})) {
      std::fprintf(stderr, "%s\n", last_error_message());
      ::_exit(1);
    }
  }
}

int run(const std::vector<std::string>& words) {
  const SharedFile<Turns> turns(words[2]);
  Client client({.socket_path = words[1].c_str(), .connect_timeout_ms = 60'000});
  const auto thread_count = static_cast<std::uint32_t>(std::stoul(words[3]));
  const auto events = static_cast<std::uint32_t>(std::stoul(words[4]));
  turns->connected.store(1, std::memory_order_release);
  while (turns->go.load(std::memory_order_acquire) == 0) ::usleep(1'000);
  std::vector<std::thread> threads;
  for (std::uint32_t thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] { publish_all(client, *turns, thread + 1, thread_count, events); });
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
