// A script host that keeps account of its calls, to be killed, stopped or ended at any instant.
//
//   accountable_publisher SOCKET ACCOUNTS TOPIC NAME THREADS EVENTS PADDING until-killed|exit|stop-inside [INSTANCE PAUSE_US]
//
// Each thread publishes {"n":0..EVENTS-1,"by":"NAME/THREAD","pad":"..."} with the key NAME/THREAD. Then:
//   until-killed   it waits for its end
//   exit           it does not come to that: main calls exit() when an eighth of all has been accepted
//   stop-inside    the last event of each thread is written in place, and the process stops itself between reserve and
//                  commit; when it is let go on, it commits and ends
// To INSTANCE instead of kafkaid, with a pause after each.
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/attack/account.hpp"
#include "tests/attack/shared_file.hpp"

namespace ringpost::tests {
namespace {

struct Work {
  std::string topic;
  std::string name;
  std::uint32_t events = 0;
  std::string padding;
  bool stop_inside = false;
  std::string instance = "kafkaid";
  useconds_t pause_us = 0;
};

[[noreturn]] void fail() {
  std::fprintf(stderr, "%s\n", last_error_message());
  ::_exit(1);
}

void publish_inside_out(Client& client, const Event& event) {
  const std::string_view text = event.message;
  Event to_come = event;
  to_come.message = {};
  Reservation reservation = client.reserve(to_come, text.size());
  text.copy(reservation.text().data(), text.size());
  ::raise(SIGSTOP);
  reservation.commit(text.size());
}

void publish_all(const Work& work, Client& client, Accounts::Account& account, const std::string& by) {
  for (std::uint32_t number = 0; number < work.events; ++number) {
    const std::string message =
        "{\"n\":" + std::to_string(number) + ",\"by\":\"" + by + "\",\"pad\":\"" + work.padding + "\"}";
    const Event event{.instance = work.instance, .topic = work.topic, .message = message, .key = by};
    account.attempted.store(number + 1, std::memory_order_release);
    if (work.stop_inside && number + 1 == work.events) {
      publish_inside_out(client, event);
    } else {
      while (const std::error_code code = client.try_publish(event)) {
        if (code != Error::kBufferFull) fail();
        ::usleep(50);
      }
    }
    account.accepted.store(number + 1, std::memory_order_release);
    if (work.pause_us != 0) ::usleep(work.pause_us);
  }
}

std::uint64_t accepted(const Accounts& accounts) {
  std::uint64_t sum = 0;
  for (const Accounts::Account& account : accounts.of_thread)
    sum += account.accepted.load(std::memory_order_relaxed);
  return sum;
}

int run(const std::vector<std::string>& words) {
  const SharedFile<Accounts> accounts(words[2]);
  Work work{words[3], words[4], static_cast<std::uint32_t>(std::stoul(words[6])),
            std::string(std::stoul(words[7]), 'x'), words[8] == "stop-inside"};
  if (words.size() == 11) {
    work.instance = words[9];
    work.pause_us = static_cast<useconds_t>(std::stoul(words[10]));
  }
  const std::size_t thread_count = std::stoul(words[5]);
  // Never closed but at the very end: it must outlive the threads that exit() does not wait for.
  static auto& client = *new Client(
      {.socket_path = words[1].c_str(), .connect_timeout_ms = 600'000});  // NOLINT(*-owning-memory)
  accounts->connected.store(1, std::memory_order_release);
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      publish_all(work, client, accounts->of_thread.at(thread), work.name + "/" + std::to_string(thread));
    });
  }
  if (words[8] == "exit") {
    for (std::thread& thread : threads)
      thread.detach();  // one that has ended is no leak to the thread sanitizer
    while (accepted(*accounts) < work.events * thread_count / 8) ::usleep(10);
    std::exit(0);  // with all the others in the middle of their calls
  }
  for (std::thread& thread : threads) thread.join();
  while (words[8] == "until-killed") ::pause();
  client.close();
  return 0;
}

}  // namespace
}  // namespace ringpost::tests

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + argument_count);
  if (words.size() != 9 && words.size() != 11) return 2;
  try {
    return ringpost::tests::run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
