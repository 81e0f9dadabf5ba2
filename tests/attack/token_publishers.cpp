// Some of the seats of the order test, as one process with a thread for each.
//
//   token_publishers SOCKET TABLE FIRST_SEAT SEATS EVENTS AHEAD PADDING stay|come-and-go
//
// Publishes {"n":0..EVENTS-1,"pad":"..."} to kafkaid/orders, each number by the seat whose turn it is, at most AHEAD of
// what has arrived. "come-and-go": a seat's thread and its handle live for a few hundred events, then come others.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "tests/attack/shared_file.hpp"
#include "tests/attack/token.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kNumbersOfALife = 2'000;  // of all seats' numbers

struct Work {
  std::string socket;
  TokenTable* table = nullptr;
  std::uint32_t events = 0;
  std::uint32_t ahead = 0;
  std::string padding;
  bool come_and_go = false;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  ::_exit(1);
}

void publish_number(const Work& work, Publisher& publisher, std::uint32_t number) {
  TokenTable& table = *work.table;
  while (number >= table.consumed.load(std::memory_order_relaxed) + work.ahead) ::usleep(200);
  const Event event{"kafkaid", "orders", "{\"n\":" + std::to_string(number) + work.padding, "one key", {}};
  for (;;) {
    table.attempted.fetch_add(1, std::memory_order_relaxed);
    const int code = publisher.publish(event);
    if (code == 0) break;
    table.refused.fetch_add(1, std::memory_order_relaxed);
    if (code != RINGPOST_BUFFER_FULL) fail(ringpost_last_error_message());
    ::usleep(50);
  }
  table.published.store(number + 1, std::memory_order_relaxed);
  if (number + 1 < work.events) hand_over(table, number + 1);
}

// The seat's numbers in [from, end).
void sit(const Work& work, Publisher& publisher, std::uint32_t seat, std::uint32_t from, std::uint32_t end) {
  for (std::uint32_t number = from; number < end; ++number) {
    if (seat_of(number) != seat) continue;
    wait_for_turn(*work.table, number);
    publish_number(work, publisher, number);
  }
}

void keep_seat(const Work& work, Publisher& shared, std::uint32_t seat) {
  work.table->seated.fetch_add(1, std::memory_order_relaxed);
  if (!work.come_and_go) return sit(work, shared, seat, 0, work.events);
  for (std::uint32_t from = 0; from < work.events; from += kNumbersOfALife) {
    const std::uint32_t end = std::min(from + kNumbersOfALife, work.events);
    std::thread([&] {
      // Every other life with a handle of its own.
      if ((from / kNumbersOfALife + seat) % 2 == 0) return sit(work, shared, seat, from, end);
      Publisher own(work.socket);
      sit(work, own, seat, from, end);
    }).join();
  }
}

int run(const std::vector<std::string>& words) {
  const SharedFile<TokenTable> table(words[2]);
  const auto number = [&](std::size_t at) { return static_cast<std::uint32_t>(std::stoul(words[at])); };
  const Work work{words[1],
                  &*table,
                  number(5),
                  number(6),
                  ",\"pad\":\"" + std::string(number(7), 'x') + "\"}",
                  words[8] == "come-and-go"};
  Publisher shared(work.socket);
  std::vector<std::thread> threads;
  for (std::uint32_t seat = number(3); seat < number(3) + number(4); ++seat) {
    threads.emplace_back([&, seat] { keep_seat(work, shared, seat); });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace ringpost::tests

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + argument_count);
  if (words.size() != 9) return 2;
  try {
    return ringpost::tests::run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
