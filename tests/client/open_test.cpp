// Opening, losing and finding the daemon again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const Event kEvent{.instance = "kafkaid", .topic = "orders", .message = "1"};

Options at(const FakeDaemon& daemon, int connect_timeout_ms = 60'000) {
  return {.socket_path = daemon.socket_path().c_str(),
          .client_name = "tests",
          .connect_timeout_ms = connect_timeout_ms};
}

TEST(Open, nobody_there_is_said_with_path_reason_and_advice) {
  ringpost_options options{};
  options.socket_path = "/nowhere/ringpost.sock";
  options.connect_timeout_ms = 100;
  ringpost_handle* handle = reinterpret_cast<ringpost_handle*>(&options);
  // On a slow machine the first attempt may not have been made by then: another message, the same code.
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(ringpost_open(&options, &handle), RINGPOST_DAEMON_UNAVAILABLE);
    EXPECT_EQ(handle, nullptr);
    return std::string(ringpost_last_error_message()) ==
           "ringpost_open: no daemon answers at /nowhere/ringpost.sock (No such file or directory); is "
           "ringpostd "
           "running, and is this its socket? RINGPOST_SOCKET or socket_path names another";
  })) << ringpost_last_error_message();
}

TEST(Open, a_path_that_no_socket_can_have_fails_at_once) {
  const std::string path(200, 'p');
  Client client(nullptr);
  EXPECT_EQ(client.open({.socket_path = path.c_str(), .connect_timeout_ms = 600'000}),
            Error::kDaemonUnavailable);
  EXPECT_THAT(last_error_message(), HasSubstr("a socket's path has 1 to 107 bytes"));
}

// It passes: to go on without the instance would be to say of it that it does not exist.
TEST(Open, an_instance_that_is_refused_for_now_is_no_unknown_one) {
  FakeDaemon daemon;
  daemon.refuse_instances(ipc::Refusal::kNoResources);
  Client client(nullptr);
  EXPECT_EQ(client.open(at(daemon, 300)), Error::kDaemonUnavailable);
  daemon.refuse_nothing();
  EXPECT_EQ(client.open(at(daemon)), std::error_code());
  EXPECT_EQ(client.try_publish(kEvent), std::error_code());
}

TEST(Open, the_environment_names_the_default_socket) {
  FakeDaemon daemon;
  ASSERT_EQ(::setenv("RINGPOST_SOCKET", daemon.socket_path().c_str(), 1), 0);
  Client client;
  EXPECT_FALSE(client.try_publish(kEvent));
  ::unsetenv("RINGPOST_SOCKET");
  EXPECT_EQ(daemon.last_client_name(), ::program_invocation_short_name);
}

TEST(Open, the_clients_name_is_told_and_cut_off_where_it_is_too_long) {
  FakeDaemon daemon;
  const std::string name(100, 'n');
  const Client client({.socket_path = daemon.socket_path().c_str(), .client_name = name.c_str()});
  EXPECT_EQ(daemon.last_client_name(), name.substr(0, 64));
}

TEST(Open, options_of_another_version) {
  FakeDaemon daemon;
  struct {
    ringpost_options known;
    long later = 0;
  } options{};
  options.known.socket_path = daemon.socket_path().c_str();
  options.known.struct_size = sizeof options;
  ringpost_handle* handle = nullptr;
  EXPECT_EQ(ringpost_open(&options.known, &handle),
            RINGPOST_OK);  // what this version does not know is not set
  ringpost_close(handle);
  options.later = 1;
  EXPECT_EQ(ringpost_open(&options.known, &handle), RINGPOST_INVALID_ARGUMENT);
  EXPECT_THAT(last_error_message(),
              HasSubstr("an option is set that this version of the library does not know"));
  options.known.struct_size = 8;
  EXPECT_EQ(ringpost_open(&options.known, &handle), RINGPOST_INVALID_ARGUMENT);
  EXPECT_EQ(ringpost_open(&options.known, nullptr), RINGPOST_INVALID_ARGUMENT);
  EXPECT_STREQ(last_error_message(), "ringpost_open: `out` is NULL");
}

struct RefusedCase {
  ipc::Refusal refusal;
  Error error;
};

class RefusedHello : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedHello, is_said_at_once_in_the_daemons_words) {
  FakeDaemon daemon;
  daemon.refuse_hellos(GetParam().refusal, "because the test says so");
  Client client(nullptr);
  EXPECT_EQ(client.open(at(daemon, 600'000)), GetParam().error);
  EXPECT_THAT(last_error_message(), HasSubstr("the daemon refused this process: because the test says so"));
}

INSTANTIATE_TEST_SUITE_P(
    Open, RefusedHello,
    testing::Values(RefusedCase{ipc::Refusal::kVersion, Error::kDaemonUnavailable},
                    RefusedCase{ipc::Refusal::kClock, Error::kDaemonUnavailable},
                    RefusedCase{ipc::Refusal::kTooManyClients, Error::kDaemonUnavailable},
                    RefusedCase{ipc::Refusal::kDenied, Error::kDenied}),
    [](const auto& parameter) { return std::to_string(static_cast<unsigned>(parameter.param.refusal)); });

TEST(Open, without_waiting_calls_fail_until_the_daemon_is_there) {
  FakeDaemon daemon;
  daemon.stop();
  Client client(at(daemon, -1));
  EXPECT_EQ(client.try_publish(kEvent), Error::kDaemonUnavailable);
  EXPECT_TRUE(retryable(client.try_publish(kEvent)));
  EXPECT_TRUE(eventually([&] {
    client.try_publish(kEvent).clear();
    return std::string(last_error_message()).find("no daemon answers at") != std::string::npos;
  }));
  EXPECT_THAT(last_error_message(), HasSubstr("The event was not queued; retry later."));
  Info info{};
  EXPECT_EQ(client.try_info("kafkaid", info), Error::kDaemonUnavailable);
  daemon.start();
  EXPECT_TRUE(eventually([&] { return !client.try_publish(kEvent); }));
  EXPECT_EQ(daemon.drain().size(), 1u);
}

TEST(Open, waits_for_a_daemon_that_is_being_started) {
  FakeDaemon daemon;
  daemon.stop();
  std::thread starter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    daemon.start();
  });
  Client client(at(daemon));
  EXPECT_FALSE(client.try_publish(kEvent));
  starter.join();
}

TEST(Open, closing_while_nobody_answers_does_not_hang) {
  FakeDaemon daemon;
  daemon.fall_silent();
  Client client(at(daemon, -1));
  EXPECT_TRUE(eventually([&] { return daemon.client_count() == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return daemon.client_count() == 0; }));
}

TEST(Connection, lost_and_found_with_new_lanes) {
  FakeDaemon daemon;
  Client client(at(daemon));
  client.publish(kEvent);
  for (int round = 1; round <= 3; ++round) {
    daemon.stop();
    EXPECT_TRUE(eventually([&] { return client.try_publish(kEvent) == Error::kDaemonUnavailable; }));
    daemon.drain();
    daemon.start();
    EXPECT_TRUE(eventually([&] { return !client.try_publish(kEvent); }));
    const std::vector<Seen> seen = daemon.drain();
    ASSERT_EQ(seen.size(), 1u);
    EXPECT_EQ(seen[0].sequence, 1u);  // of a lane that was made for this connection
  }
}

TEST(Connection, lost_while_eight_threads_publish) {
  FakeDaemon daemon;
  Client client(at(daemon));
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> accepted{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      while (!stop) {
        if (!client.try_publish(kEvent)) ++accepted;
      }
    });
  }
  for (int round = 0; round < 5; ++round) {
    const std::uint64_t before = accepted;
    EXPECT_TRUE(eventually([&] {
      daemon.drain();
      return accepted > before + 1000;
    }));
    daemon.stop();
    daemon.start();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(Connection, a_reservation_that_outlives_it_does_not_hold_up_the_next) {
  FakeDaemon daemon;
  Client client(at(daemon));
  const Event to_come{.instance = "kafkaid", .topic = "orders", .message = ""};
  Reservation reservation = client.reserve(to_come, 10);
  daemon.stop();
  EXPECT_TRUE(eventually([&] { return client.try_publish(kEvent) == Error::kDaemonUnavailable; }));
  reservation.text()[0] = '1';  // still mapped
  EXPECT_EQ(reservation.try_commit(1), Error::kDaemonUnavailable);
  reservation = Reservation();

  daemon.start();
  EXPECT_TRUE(eventually([&] { return !client.try_publish(kEvent); }));
  reservation = client.reserve(to_come, 10);
  daemon.stop();
  daemon.start();
  EXPECT_TRUE(eventually([&] { return daemon.client_count() == 1 && !client.try_publish(kEvent); }));
  reservation.text()[0] = '1';
  EXPECT_EQ(reservation.try_commit(1), Error::kDaemonUnavailable);  // its lane belongs to nobody any more
}

TEST(Connection, within_the_grace_calls_go_on_and_after_it_they_fail) {
  FakeDaemon daemon;
  daemon.set_grace_ms(1'000);
  Client client(at(daemon));
  daemon.fall_silent();
  EXPECT_FALSE(client.try_publish(kEvent));
  EXPECT_TRUE(eventually([&] { return client.try_publish(kEvent) == Error::kDaemonUnavailable; }));
  EXPECT_THAT(last_error_message(), HasSubstr("the daemon has not answered for 1 s"));
}

TEST(Connection, descriptors_are_close_on_exec_and_none_is_left_behind) {
  const auto open_descriptors = [] {
    std::vector<int> numbers;
    for (int number = 0; number < 1024; ++number) {
      if (::fcntl(number, F_GETFD) >= 0) numbers.push_back(number);
    }
    return numbers;
  };
  FakeDaemon daemon;
  const std::vector<int> before = open_descriptors();
  {
    Client client(at(daemon));
    client.publish(kEvent);
    for (const int number : open_descriptors()) {
      if (std::find(before.begin(), before.end(), number) != before.end()) continue;
      EXPECT_EQ(::fcntl(number, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC) << number;
    }
  }
  EXPECT_TRUE(eventually([&] { return daemon.client_count() == 0; }));
  daemon.forget_lanes();
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; }));
}

}  // namespace
}  // namespace ringpost::tests
