// Forks, with children that connect. Not built for ThreadSanitizer, which does not support threads that are started in
// a child of a process with several threads.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/client/child.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr Event kEvent{.instance = "kafkaid", .topic = "orders", .message = "1", .key = {}, .headers = {}};

class Fork : public testing::Test {
 protected:
  FakeDaemon daemon_;
  Client client_{Options{.socket_path = daemon_.socket_path().c_str()}};
};

TEST_F(Fork, exit_right_after_the_call_loses_nothing) {
  for (int round = 0; round < 20; ++round) {
    const int status = in_child([&]() -> int {
      Client own({.socket_path = daemon_.socket_path().c_str()});
      for (int number = 0; number < 100; ++number) own.publish(kEvent);
      ::_exit(7);
    });
    ASSERT_EQ(status, 7);
    ASSERT_EQ(daemon_.drain().size(), 100u);
  }
}

TEST_F(Fork, killed_right_after_the_call_loses_nothing) {
  for (int round = 0; round < 20; ++round) {
    const int status = in_child([&] {
      Client own({.socket_path = daemon_.socket_path().c_str()});
      for (int number = 0; number < 100; ++number) own.publish(kEvent);
      ::raise(SIGKILL);
      return 0;
    });
    ASSERT_EQ(status, -1);
    ASSERT_EQ(daemon_.drain().size(), 100u);
  }
}

TEST_F(Fork, a_forked_child_starts_afresh_and_the_parent_goes_on) {
  client_.publish(kEvent);
  const std::uint64_t parents_client = daemon_.drain().at(0).client;
  const int status = in_child([&] {
    if (client_.try_publish(kEvent) != Error::kDaemonUnavailable) return 1;
    if (std::string(last_error_message()).find("this process was forked") == std::string::npos) return 2;
    // Its own connection comes up, and its own lanes.
    if (!eventually([&] {
          return !client_.try_publish({.instance = "kafkaid", .topic = "orders", .message = "2"});
        })) {
      return 3;
    }
    client_.close();
    return 0;
  });
  EXPECT_EQ(status, 0);
  client_.publish(kEvent);
  const std::vector<Seen> seen = daemon_.drain();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].message, "2");
  EXPECT_NE(seen[0].client, parents_client);
  EXPECT_EQ(seen[0].sequence, 1u);
  EXPECT_EQ(seen[1].client, parents_client);
  EXPECT_EQ(seen[1].sequence, 2u);
}

TEST_F(Fork, a_child_may_close_what_it_inherited_and_open_its_own) {
  const int status = in_child([&] {
    client_.close();
    Client own({.socket_path = daemon_.socket_path().c_str()});
    return own.try_publish(kEvent) ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(client_.try_publish(kEvent));
  EXPECT_EQ(daemon_.drain().size(), 2u);
}

TEST_F(Fork, forking_while_others_publish_and_the_control_thread_works) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> accepted{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      while (!stop) {
        if (!client_.try_publish(kEvent)) ++accepted;
      }
    });
  }
  std::size_t seen = 0;
  for (int round = 0; round < 20; ++round) {
    const int status =
        in_child([&] { return client_.try_publish(kEvent) == Error::kDaemonUnavailable ? 0 : 1; });
    EXPECT_EQ(status, 0);
    seen += daemon_.drain().size();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  seen += daemon_.drain().size();
  EXPECT_EQ(seen, accepted);
}

TEST_F(Fork, the_childs_end_of_the_parents_connection_is_closed) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    client_.try_publish(kEvent).clear();  // starts afresh
    char byte = 0;
    ::close(go[1]);
    [[maybe_unused]] const ssize_t size = ::read(go[0], &byte, 1);  // lives on until the test ends
    ::_exit(0);
  }
  EXPECT_TRUE(eventually([&] { return daemon_.client_count() == 2; }));
  client_.close();
  EXPECT_TRUE(eventually([&] { return daemon_.client_count() == 1; }));  // the parent's is seen to end
  ::close(go[1]);
  ::close(go[0]);
  ::waitpid(child, nullptr, 0);
}

TEST_F(Fork, a_child_made_while_no_daemon_answers_starts_afresh_and_the_parent_goes_on) {
  FakeDaemon dying;
  dying.have_keeper(3'600'000);
  Client client({.socket_path = dying.socket_path().c_str()});
  client.publish(kEvent);
  dying.die();
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(go[1]);
    if (client.try_publish(kEvent) != Error::kDaemonUnavailable) ::_exit(1);
    char byte = 0;
    [[maybe_unused]] const ssize_t size = ::read(go[0], &byte, 1);  // until the successor is there
    ::_exit(eventually([&] { return !client.try_publish(kEvent); }) ? 0 : 2);
  }
  client.publish(kEvent);
  FakeDaemon successor(dying, {FakeInstance{}});
  ::close(go[1]);
  ::close(go[0]);
  client.publish(kEvent);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(successor.drain().size(), 4U);
  EXPECT_TRUE(eventually([&] { return successor.client_count() == 1; }));
  EXPECT_TRUE(eventually([&] { return successor.confirmed() == 2; }));
}

// The id that it remembers from the parent is nobody's in the child: its claims looked like those of a dead thread.
TEST_F(Fork, the_thread_that_called_fork_keeps_its_claims_where_another_one_started_afresh) {
  FakeDaemon daemon({FakeInstance{.lanes_max = 1}});
  daemon.set_ping_interval_ms(1);  // looks for dead threads at each
  Client client({.socket_path = daemon.socket_path().c_str()});
  client.publish(kEvent);
  const int status = in_child([&] {
    std::thread([&] { eventually([&] { return !client.try_publish(kEvent); }); }).join();
    const Event to_come{.instance = "kafkaid", .topic = "orders", .message = {}, .key = {}, .headers = {}};
    Reservation reservation = client.reserve(to_come, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (client.try_publish(kEvent) != Error::kBufferFull) return 1;
    reservation.text()[0] = '3';
    return reservation.try_commit(1) ? 2 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(daemon.drain().size(), 3u);
}

TEST_F(Fork, the_first_thread_ends_inside_a_reservation_before_the_others) {
  FakeDaemon daemon({FakeInstance{.lanes_max = 1}});
  const int status = in_child([&]() -> int {
    Client own({.socket_path = daemon.socket_path().c_str()});
    const Event to_come{.instance = "kafkaid", .topic = "orders", .message = {}, .key = {}, .headers = {}};
    std::thread other([&] { ::_exit(eventually([&] { return !own.try_publish(kEvent); }) ? 0 : 1); });
    const Reservation never_over = own.reserve(to_come, 10);
    ::syscall(SYS_exit, 0);  // as pthread_exit does, without running through the test's frames
    return 2;
  });
  EXPECT_EQ(status, 0);
  EXPECT_LE(daemon.drain().size(), 2u);
}

}  // namespace
}  // namespace ringpost::tests
