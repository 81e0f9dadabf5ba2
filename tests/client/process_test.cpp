// What happens to the process around a handle: exec, signals, threads that end. Forks are fork_test's.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/client/cancellation.hpp"
#include "tests/client/child.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr Event kEvent{.instance = "kafkaid", .topic = "orders", .message = "1", .key = {}, .headers = {}};
constexpr Event kToCome{.instance = "kafkaid", .topic = "orders", .message = {}, .key = {}, .headers = {}};

class Process : public testing::Test {
 protected:
  FakeDaemon daemon_;
  Client client_{Options{.socket_path = daemon_.socket_path().c_str()}};
};

TEST_F(Process, the_parents_reservation_is_nothing_to_the_child) {
  Reservation reservation = client_.reserve(kToCome, 10);
  reservation.text()[0] = '1';
  const int status = in_child([&] { return reservation.try_commit(1) == Error::kDaemonUnavailable ? 0 : 1; });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(daemon_.drain().empty());
  reservation.commit(1);
  EXPECT_EQ(daemon_.drain().size(), 1u);
}

TEST_F(Process, an_executed_program_inherits_nothing) {
  const int status = in_child([&] {
    ::execl("/bin/sh", "sh", "-c", "ls -l /proc/self/fd | grep -E 'memfd:|eventfd|socket:' && exit 1; exit 0",
            static_cast<char*>(nullptr));
    return 9;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(Process, a_thread_that_ends_inside_a_reservation_gives_its_lane_back) {
  FakeDaemon daemon({FakeInstance{.lanes_max = 1}});
  Client client({.socket_path = daemon.socket_path().c_str()});
  client.publish(kEvent);
  std::thread([&] {
    ringpost_event event{};
    event.instance = "kafkaid";
    event.topic = "orders";
    event.message_size = 100;
    ringpost_reservation reservation;
    ASSERT_EQ(ringpost_reserve(client.handle(), &event, &reservation), RINGPOST_OK);
    std::memcpy(reservation.text, "garbage", 7);
  }).join();
  EXPECT_TRUE(eventually([&] { return !client.try_publish(kEvent); }));
  const std::vector<Seen> seen = daemon.drain();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].sequence, 2u);
  EXPECT_EQ(seen[1].message, "1");
}

TEST_F(Process, a_living_threads_reservation_is_never_taken_away) {
  FakeDaemon daemon({FakeInstance{.lanes_max = 1}});
  daemon.set_ping_interval_ms(1);  // looks for dead threads at each
  Client client({.socket_path = daemon.socket_path().c_str()});
  Reservation reservation = client.reserve(kToCome, 10);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(client.try_publish(kEvent), Error::kBufferFull);
  reservation.text()[0] = '2';
  reservation.commit(1);
  EXPECT_EQ(daemon.drain().at(0).message, "2");
}

// Cancelled, and at no cancellation point yet.
void expect_cancelled(std::thread& thread, const std::atomic<bool>& came_to_its_end) {
  thread.join();
  EXPECT_FALSE(came_to_its_end);
}

TEST_F(Process, a_cancelled_thread_rings_all_the_same) {
  ipc::arm(daemon_.board().doorbell_armed, 9);
  std::atomic<bool> published{false};
  std::atomic<bool> came_to_its_end{false};
  std::thread thread([&] {
    ::pthread_cancel(::pthread_self());
    client_.publish(kEvent);
    published = true;
    end_if_cancelled();
    came_to_its_end = true;
  });
  expect_cancelled(thread, came_to_its_end);
  EXPECT_TRUE(published);
  EXPECT_EQ(daemon_.doorbell_rings(), 1u);
  EXPECT_EQ(daemon_.drain().size(), 1u);
  // And its lane is free again at once: nothing of it was left claimed.
  EXPECT_EQ(client_.info("kafkaid").room_bytes, client_.info("kafkaid").lanes * (64u << 10));
}

TEST_F(Process, a_cancelled_thread_opens_and_closes_whole_handles) {
  std::atomic<int> opened{0};
  std::atomic<bool> came_to_its_end{false};
  std::thread thread([&] {
    ::pthread_cancel(::pthread_self());
    for (int round = 0; round < 20; ++round) {
      Client own({.socket_path = daemon_.socket_path().c_str()});
      own.publish(kEvent);
      ++opened;
    }
    end_if_cancelled();
    came_to_its_end = true;
  });
  expect_cancelled(thread, came_to_its_end);
  EXPECT_EQ(opened, 20);
  EXPECT_EQ(daemon_.drain().size(), 20u);
  EXPECT_TRUE(eventually([&] { return daemon_.client_count() == 1; }));
}

TEST_F(Process, a_thread_cancelled_inside_a_reservation_gives_its_lane_back) {
  FakeDaemon daemon({FakeInstance{.lanes_max = 1}});
  Client client({.socket_path = daemon.socket_path().c_str()});
  std::thread([&] {
    ringpost_event event{};
    event.instance = "kafkaid";
    event.topic = "orders";
    event.message_size = 100;
    ringpost_reservation reservation;
    ASSERT_EQ(ringpost_reserve(client.handle(), &event, &reservation), RINGPOST_OK);
    ::pthread_cancel(::pthread_self());
    end_if_cancelled();
  }).join();
  EXPECT_TRUE(eventually([&] { return !client.try_publish(kEvent); }));
  EXPECT_EQ(daemon.drain().size(), 1u);
}

TEST_F(Process, threads_come_and_go) {
  for (int round = 0; round < 200; ++round) {
    std::thread([&] { client_.publish(kEvent); }).join();
  }
  EXPECT_EQ(daemon_.drain().size(), 200u);
}

Client* signal_client = nullptr;
std::atomic<int> signal_accepted{0};
std::atomic<int> signal_calls{0};

void publish_in_handler(int /*signal*/) {
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = "\"handler\"";
  event.message_size = 9;
  ++signal_calls;
  if (ringpost_publish(signal_client->handle(), &event) == RINGPOST_OK) ++signal_accepted;
}

TEST_F(Process, a_signal_handler_publishes_in_the_middle_of_a_publish) {
  signal_client = &client_;
  struct sigaction action {};
  action.sa_handler = publish_in_handler;
  action.sa_flags = SA_RESTART;
  struct sigaction before {};
  ::sigaction(SIGUSR1, &action, &before);
  const pthread_t self = ::pthread_self();
  std::atomic<bool> stop{false};
  client_.publish(kEvent);
  std::thread sender([&] {
    while (!stop) {
      ::pthread_kill(self, SIGUSR1);
      std::this_thread::yield();
    }
  });
  std::size_t seen = 0;
  int accepted = 1;
  while (signal_calls < 2'000) {
    if (!client_.try_publish(kEvent)) ++accepted;
    if (accepted % 100 == 0) seen += daemon_.drain().size();
  }
  stop = true;
  sender.join();
  ::sigaction(SIGUSR1, &before, nullptr);
  seen += daemon_.drain().size();
  EXPECT_EQ(seen, static_cast<std::size_t>(accepted + signal_accepted));
  EXPECT_GT(signal_accepted, 0);
}

TEST_F(Process, a_handler_that_finds_a_reservation_open_takes_another_lane) {
  signal_client = &client_;
  struct sigaction action {};
  action.sa_handler = publish_in_handler;
  struct sigaction before {};
  ::sigaction(SIGUSR1, &action, &before);
  Reservation reservation = client_.reserve(kToCome, 10);
  ::raise(SIGUSR1);
  EXPECT_EQ(daemon_.drain().at(0).message, "\"handler\"");
  reservation.text()[0] = '1';
  reservation.commit(1);
  EXPECT_EQ(daemon_.drain().at(0).message, "1");
  ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_F(Process, the_callers_signal_mask_and_handlers_stay_as_they_are) {
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  std::array<struct sigaction, 32> handlers_before{};
  for (int number = 1; number < 32; ++number) {
    ::sigaction(number, nullptr, &handlers_before[static_cast<std::size_t>(number)]);
  }
  Client own({.socket_path = daemon_.socket_path().c_str()});
  own.publish(kEvent);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int number = 1; number < 32; ++number) {
    EXPECT_EQ(::sigismember(&before, number), ::sigismember(&after, number)) << number;
    struct sigaction now {};
    ::sigaction(number, nullptr, &now);
    EXPECT_EQ(now.sa_handler, handlers_before[static_cast<std::size_t>(number)].sa_handler) << number;
  }
}

TEST_F(Process, errno_is_left_alone) {
  errno = 4711;
  ipc::arm(daemon_.board().doorbell_armed, 3);
  errno = 4711;
  client_.publish(kEvent);
  EXPECT_EQ(errno, 4711);
}

}  // namespace
}  // namespace ringpost::tests
