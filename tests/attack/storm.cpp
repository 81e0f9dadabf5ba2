#include "tests/attack/storm.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <stdexcept>

#include "ipc/doorbell.hpp"
#include "tests/client/cancellation.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kPublishers = 3;

// What a signal handler publishes with.
struct Handler {
  ringpost_handle* post = nullptr;
  Author* author = nullptr;
};
thread_local constinit Handler handler{};

void publish_in_handler(int /*signal*/) {
  if (handler.author != nullptr) handler.author->publish(handler.post);
}

void pause_shortly(Storm::Random& random, unsigned at_most_us) {
  ::usleep(static_cast<useconds_t>(random() % at_most_us));
}

// A plain thread: it may be cancelled, which std::thread has no word for.
void run_thread(std::function<void()> body) {
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  if (::pthread_create(&thread, nullptr, run, &body) != 0) throw std::runtime_error("pthread_create");
  ::pthread_join(thread, nullptr);
}

}  // namespace

Storm::Storm(std::uint64_t seed)
    : seed_(seed),
      ledger_(Ledger::create()),
      daemon_({FakeInstance{}}),
      client_({.socket_path = daemon_.socket_path().c_str()}) {
  struct sigaction action {};
  action.sa_handler = publish_in_handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
}

Storm::~Storm() { ::signal(SIGUSR1, SIG_DFL); }

Storm::Random Storm::random() { return Random(seed_ * 1'000 + randoms_.fetch_add(1)); }

void Storm::rage(std::uint32_t steps) {
  steps_left_ = steps;
  publishers_.resize(kPublishers);
  std::vector<std::thread> actors;
  for (std::size_t at = 0; at < kPublishers; ++at) {
    actors.emplace_back([this, at] {
      publishers_[at] = ::pthread_self();
      publish_on();
    });
  }
  for (void (Storm::*act)() : {&Storm::let_mayflies_live, &Storm::let_handles_come_and_go,
                               &Storm::send_signals, &Storm::fork_children, &Storm::replace_boards}) {
    actors.emplace_back([this, act] { (this->*act)(); });
  }
  while (steps_left_ != 0) drain();
  over_ = true;
  std::atomic<bool> all_ended{false};
  std::thread last_drainer([&] {
    while (!all_ended) drain();
  });
  for (std::thread& actor : actors) actor.join();
  all_ended = true;
  last_drainer.join();
  drain();
}

void Storm::drain() {
  for (const Seen& seen : daemon_.drain()) {
    const std::string& text = seen.message;
    const std::size_t padding_at = Author::kNumberAt + Author::kDigits + 3;
    if (text.size() < padding_at + 2 || text.find_first_not_of('x', padding_at) != text.size() - 2)
      throw std::runtime_error("not as it was written: " + text.substr(0, 60));
    const auto author =
        static_cast<std::uint32_t>(std::stoul(text.substr(Author::kAuthorAt, Author::kDigits)));
    const auto number =
        static_cast<std::uint32_t>(std::stoul(text.substr(Author::kNumberAt, Author::kDigits)));
    arrived_[author].emplace_back(seen.stamp_ns, number);
  }
  // The doorbell is armed and disarmed all the time, so that publishers ring at any instant.
  ipc::arm(daemon_.board().doorbell_armed, ++doorbell_number_);
  ::usleep(100);
  if (doorbell_number_ % 3 == 0) ipc::disarm(daemon_.board().doorbell_armed);
}

void Storm::step(Random& random, Author& author) {
  ringpost_reservation reservation;
  switch (random() % 16) {
    case 0:
      author.publish(client_.handle(), random() % 12'000);
      break;
    case 1:
    case 2:
      if (author.reserve(client_.handle(), reservation) != RINGPOST_OK) break;
      if (random() % 4 == 0) pause_shortly(random, 3'000);
      author.commit(client_.handle(), reservation, random() % 2'000);
      break;
    case 3:
      if (author.reserve(client_.handle(), reservation) != RINGPOST_OK) break;
      std::memset(reservation.text, '?', 100);
      ringpost_abort(client_.handle(), &reservation);
      break;
    case 4: {
      Info info{};
      (void)client_.try_info("kafkaid", info);
      break;
    }
    default:
      author.publish(client_.handle(), random() % 100);
      break;
  }
}

void Storm::publish_on() {
  Random random = this->random();
  Author author(ledger_);
  Author of_handler(ledger_);
  author.publish(client_.handle());  // (5) of ringpost.h: a thread that has used the library before
  handler = {client_.handle(), &of_handler};
  ++publishers_ready_;
  while (!over_) {
    step(random, author);
    if (random() % 64 == 0) pause_shortly(random, 200);
  }
  // Signals may still come until send_signals has ended.
  --publishers_ready_;
  while (publishers_ready_ != 0) ::usleep(100);
  handler = {};
}

void Storm::send_signals() {
  Random random = this->random();
  while (publishers_ready_ != kPublishers) ::usleep(100);
  ++publishers_ready_;  // nobody leaves before this one
  while (!over_) {
    ::pthread_kill(publishers_[random() % publishers_.size()], SIGUSR1);
    pause_shortly(random, 300);
  }
  --publishers_ready_;
}

void Storm::let_mayflies_live() {
  Random random = this->random();
  while (!over_) {
    run_thread([&] {
      Author author(ledger_);
      for (std::uint64_t count = random() % 5; count != 0; --count) step(random, author);
      const std::uint64_t end = random() % 4;
      if (end == 0) return;
      if (end == 1) {  // pending while it publishes; nothing there may take it
        ::pthread_cancel(::pthread_self());
        author.publish(client_.handle());
        end_if_cancelled();
      }
      ringpost_reservation reservation;
      if (author.reserve(client_.handle(), reservation) != RINGPOST_OK) return;
      std::memset(reservation.text, '?', 100);
      if (end == 2) ::pthread_cancel(::pthread_self());
      end_if_cancelled();
    });
    pause_shortly(random, 2'000);
  }
}

void Storm::let_handles_come_and_go() {
  Random random = this->random();
  while (!over_) {
    if (random() % 2 == 0) {
      close_under_a_reservation(random);
      continue;
    }
    Client own({.socket_path = daemon_.socket_path().c_str(), .connect_timeout_ms = -1});
    Author author(ledger_);
    pause_shortly(random, 5'000);
    for (std::uint64_t count = random() % 100; count != 0; --count) author.publish(own.handle());
  }
}

void Storm::close_under_a_reservation(Random& random) {
  ringpost_options options{};
  options.socket_path = daemon_.socket_path().c_str();
  options.connect_timeout_ms = 20;
  ringpost_handle* post = nullptr;
  if (ringpost_open(&options, &post) != RINGPOST_OK) return;
  std::atomic<bool> reserved{false};
  const unsigned held_us = static_cast<unsigned>(random() % 3'000);
  const bool aborts = random() % 4 == 0;
  std::thread holder([&] {
    Author author(ledger_);
    ringpost_reservation reservation;
    const int code = author.reserve(post, reservation);
    reserved = true;
    if (code != RINGPOST_OK) return;
    ::usleep(held_us);
    if (aborts) {
      ringpost_abort(post, &reservation);
    } else {
      author.commit(post, reservation, 10);
    }
  });
  while (!reserved) std::this_thread::yield();
  ringpost_close(post);
  holder.join();
}

void Storm::fork_children() {
  Random random = this->random();
  while (!over_) {
    [[maybe_unused]] const std::uint64_t what = random() % 4;
    const pid_t child = ::fork();
    if (child == 0) {
      handler = {};
// ThreadSanitizer knows no threads in a child of a process with several, and AddressSanitizer's allocator may have been
// locked by one of them.
#if !defined(RINGPOST_SANITIZER_THREAD) && !defined(RINGPOST_SANITIZER_ADDRESS)
      ringpost_event event{};
      event.instance = "kafkaid";
      event.topic = "orders";
      event.message = "never";
      event.message_size = 5;
      if (what == 0) ::_exit(0);
      const int code = ringpost_publish(client_.handle(), &event);
      if (code != RINGPOST_DAEMON_UNAVAILABLE) ::_exit(1);
      if (what == 1) ::_exit(0);
      Author author(ledger_);
      for (int attempt = 0; attempt < 40 && author.publish(client_.handle()) != RINGPOST_OK; ++attempt)
        ::usleep(1'000);
      if (what == 2) client_.close();
#endif
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("a child failed");
    pause_shortly(random, 20'000);
  }
}

void Storm::replace_boards() {
  Random random = this->random();
  for (; steps_left_ != 0; --steps_left_) {
    pause_shortly(random, 60'000);
    daemon_.stop();
    if (random() % 2 == 0) pause_shortly(random, 20'000);
    daemon_.start();
    // Long enough for the library to find it, now and then.
    if (random() % 4 != 0) {
      eventually([&] {
        Info info{};
        return !client_.try_info("kafkaid", info);
      });
    };
  }
}

std::uint64_t Storm::counted_refusals() {
  std::uint64_t count = 0;
  for (int code = 1; code <= 10; ++code) count += daemon_.refused(-code);
  return count;
}

bool Storm::can_claim_every_lane() {
  Info info{};
  if (client_.try_info("kafkaid", info)) return false;
  std::vector<ringpost_reservation> held(info.lanes);
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message_size = 100;
  std::size_t claimed = 0;
  while (claimed < held.size() && ringpost_reserve(client_.handle(), &event, &held[claimed]) == RINGPOST_OK)
    ++claimed;
  for (std::size_t at = 0; at < claimed; ++at) ringpost_abort(client_.handle(), &held[at]);
  return claimed == held.size() && claimed == info.lanes_max;
}

}  // namespace ringpost::tests
