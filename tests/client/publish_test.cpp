// What a call does to the lanes: what is written arrives byte for byte, once, and in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class Publish : public testing::Test {
 protected:
  Event event(std::string_view message = R"({"id":123})") {
    return {.instance = "kafkaid", .topic = "orders", .message = message, .key = "key"};
  }

  FakeDaemon daemon_;
  Client client_{Options{.socket_path = daemon_.socket_path().c_str()}};
};

TEST_F(Publish, the_whole_event_arrives_byte_for_byte) {
  const std::array headers{header("header1", "header1-value"), null_header("empty"),
                           header("header1", "again"), header("bytes", "\0\xFF"sv), header("nothing", "")};
  Event whole = event(R"( {"text":"żółć","n":100000000000000000000} )");
  whole.headers = headers;
  client_.publish(whole);

  const std::vector<Seen> seen = daemon_.drain();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].topic, "orders");
  EXPECT_EQ(seen[0].message, whole.message);
  EXPECT_EQ(seen[0].key, "key");
  EXPECT_EQ(seen[0].sequence, 1u);
  EXPECT_THAT(seen[0].headers, ElementsAre(Pair("header1", "header1-value"), Pair("empty", std::nullopt),
                                           Pair("header1", "again"), Pair("bytes", std::string("\0\xFF", 2)),
                                           Pair("nothing", "")));
}

TEST_F(Publish, an_empty_key_is_not_a_null_key) {
  Event with = event();
  with.key = "";
  Event without = event();
  without.key = std::nullopt;
  client_.publish(with);
  client_.publish(without);
  const std::vector<Seen> seen = daemon_.drain();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].key, "");
  EXPECT_EQ(seen[1].key, std::nullopt);
}

TEST_F(Publish, a_thread_keeps_its_order_over_many_rounds_of_the_ring) {
  int drained = 0;
  for (int number = 0; number < 20'000; ++number) {
    const std::string message = std::to_string(number);
    while (client_.try_publish(event(message)) == Error::kBufferFull) {
      for (const Seen& seen : daemon_.drain()) ASSERT_EQ(seen.message, std::to_string(drained++));
    }
  }
  for (const Seen& seen : daemon_.drain()) ASSERT_EQ(seen.message, std::to_string(drained++));
  EXPECT_EQ(drained, 20'000);
}

TEST_F(Publish, eight_threads_lose_and_double_nothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 5'000;
  std::atomic<int> running{kThreads};
  std::array<std::atomic<int>, kThreads> accepted{};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int number = 0; number < kEach; ++number) {
        const std::string message = "[" + std::to_string(thread) + "," + std::to_string(number) + "]";
        std::error_code error;
        while ((error = client_.try_publish(event(message))) == Error::kBufferFull) std::this_thread::yield();
        ASSERT_FALSE(error) << last_error_message();
        ++accepted[static_cast<std::size_t>(thread)];
      }
      --running;
    });
  }
  std::map<std::string, int> seen;
  const auto drain = [&] {
    for (const Seen& one : daemon_.drain()) ++seen[one.message];
  };
  while (running > 0) drain();
  for (std::thread& thread : threads) thread.join();
  drain();
  for (const auto& count : accepted) EXPECT_EQ(count, kEach);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kThreads * kEach));
  for (const auto& [message, count] : seen) ASSERT_EQ(count, 1) << message;
}

TEST_F(Publish, what_one_call_returned_before_another_began_has_the_smaller_stamp_in_any_lane) {
  // Two threads take turns, so that each call happens after the other's.
  std::atomic<int> turn{0};
  const auto play = [&](int me) {
    for (int number = me; number < 2'000; number += 2) {
      while (turn.load(std::memory_order_acquire) != number) std::this_thread::yield();
      const std::string message = std::to_string(number);
      while (client_.try_publish(event(message)) == Error::kBufferFull) std::this_thread::yield();
      turn.store(number + 1, std::memory_order_release);
    }
  };
  std::thread one(play, 0);
  std::thread other(play, 1);
  std::vector<Seen> seen;
  while (turn < 2'000) {
    for (Seen& event : daemon_.drain()) seen.push_back(std::move(event));
  }
  one.join();
  other.join();
  for (Seen& event : daemon_.drain()) seen.push_back(std::move(event));
  std::stable_sort(seen.begin(), seen.end(),
                   [](const Seen& a, const Seen& b) { return a.stamp_ns < b.stamp_ns; });
  ASSERT_EQ(seen.size(), 2'000u);
  for (std::size_t at = 0; at < seen.size(); ++at) ASSERT_EQ(seen[at].message, std::to_string(at));
}

TEST_F(Publish, lanes_are_opened_ahead_of_the_threads_that_need_them) {
  ASSERT_EQ(daemon_.lane_count(), 3u);
  // Five reservations hold five lanes: the first three at once, the others as lanes are opened.
  std::vector<Reservation> held;
  while (held.size() < 5) {
    Event to_come = event("");
    Reservation one;
    if (!client_.try_reserve(to_come, 100, one)) held.push_back(std::move(one));
  }
  EXPECT_TRUE(eventually([&] { return daemon_.lane_count() == 7; }));
}

TEST_F(Publish, a_full_buffer_is_refused_with_figures_and_goes_on_when_there_is_room) {
  daemon_.board().waiting_events = 3912;
  daemon_.board().connected = 0;
  daemon_.board().disconnected_since_ns = 1;  // since about boot
  int accepted = 0;
  std::error_code error;
  while (!(error = client_.try_publish(event()))) ++accepted;
  EXPECT_EQ(error, Error::kBufferFull);
  EXPECT_TRUE(retryable(error));
  EXPECT_EQ(status(error), 429);
  EXPECT_THAT(
      last_error_message(),
      testing::MatchesRegex(R"(publishAsync\("kafkaid", "orders"\): the buffer is full \(4 MiB and 3 lanes )"
                            R"(of 64 KiB, 3912 events waiting, no broker for [0-9]+ s\)\. )"
                            R"(The event was not queued; retry later\.)"));
  EXPECT_EQ(daemon_.drain().size(), static_cast<std::size_t>(accepted));
  EXPECT_GT(accepted, 3 * 500);
  EXPECT_FALSE(client_.try_publish(event()));
  EXPECT_EQ(daemon_.refused(RINGPOST_BUFFER_FULL), 1u);
}

TEST_F(Publish, an_event_as_large_as_a_lane_allows_fits_again_and_again) {
  const std::size_t room = (64u << 10) - 40 - 6 - 8 - 3;  // around: header, topic, padding, key
  const std::string message = "\"" + std::string(room - 2, 'x') + "\"";
  for (int round = 0; round < 5; ++round) {
    ASSERT_FALSE(client_.try_publish(event(message))) << last_error_message();
    ASSERT_EQ(daemon_.drain().at(0).message, message);
  }
  EXPECT_EQ(client_.try_publish(event(message + " ")), Error::kMessageTooLarge);
  EXPECT_THAT(last_error_message(), HasSubstr("65483 bytes; at most 65482 are allowed"));
}

TEST_F(Publish, the_doorbell_is_rung_once_for_each_number) {
  client_.publish(event());
  EXPECT_EQ(daemon_.doorbell_rings(), 0u);  // not armed
  ipc::arm(daemon_.board().doorbell_armed, 7);
  for (int number = 0; number < 10; ++number) client_.publish(event());
  EXPECT_EQ(daemon_.doorbell_rings(), 1u);
  ipc::arm(daemon_.board().doorbell_armed, 8);
  for (int number = 0; number < 10; ++number) client_.publish(event());
  EXPECT_EQ(daemon_.doorbell_rings(), 1u);
  ipc::disarm(daemon_.board().doorbell_armed);
  client_.publish(event());
  EXPECT_EQ(daemon_.doorbell_rings(), 0u);
}

TEST_F(Publish, a_checked_message_is_not_checked_again) {
  EXPECT_EQ(client_.try_publish(event("{no json")), Error::kInvalidJson);
  EXPECT_FALSE(client_.try_publish(event("{no json"), RINGPOST_JSON_CHECKED));
  EXPECT_EQ(client_.try_publish(event(""), RINGPOST_JSON_CHECKED), Error::kInvalidJson);
  EXPECT_EQ(daemon_.drain().at(0).message, "{no json");
}

TEST_F(Publish, closing_loses_nothing) {
  for (int number = 0; number < 100; ++number) client_.publish(event());
  client_.close();
  EXPECT_EQ(daemon_.drain().size(), 100u);
  EXPECT_TRUE(eventually([&] { return daemon_.client_count() == 0; }));
}

class Reserve : public Publish {};

TEST_F(Reserve, what_was_written_is_published_by_commit) {
  const std::array headers{header("h", "v")};
  Event to_come = event("");
  to_come.headers = headers;
  Reservation reservation = client_.reserve(to_come, 1000);
  ASSERT_GE(reservation.text().size(), 1000u);
  constexpr std::string_view kText = R"(["written in place"])";
  kText.copy(reservation.text().data(), kText.size());
  EXPECT_TRUE(daemon_.drain().empty());
  reservation.commit(kText.size());
  const std::vector<Seen> seen = daemon_.drain();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].message, kText);
  EXPECT_EQ(seen[0].key, "key");
  EXPECT_THAT(seen[0].headers, ElementsAre(Pair("h", "v")));
}

TEST_F(Reserve, nothing_is_published_by_abort) {
  { const Reservation aborted = client_.reserve(event(""), 1000); }
  client_.publish(event("1"));
  const std::vector<Seen> seen = daemon_.drain();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].sequence, 1u);
}

TEST_F(Reserve, commit_checks_the_text_and_may_be_told_not_to) {
  Reservation reservation = client_.reserve(event(""), 10);
  reservation.text()[0] = '{';
  EXPECT_EQ(reservation.try_commit(1), Error::kInvalidJson);
  EXPECT_THAT(last_error_message(),
              HasSubstr(R"(publishAsync("kafkaid", "orders"): the message is not JSON at byte 1)"));
  EXPECT_EQ(reservation.try_commit(1), Error::kInvalidArgument);  // it is over

  reservation = client_.reserve(event(""), 10);
  reservation.text()[0] = '{';
  EXPECT_FALSE(reservation.try_commit(1, RINGPOST_JSON_CHECKED));
  reservation = client_.reserve(event(""), 10);
  EXPECT_EQ(reservation.try_commit(0, RINGPOST_JSON_CHECKED), Error::kInvalidJson);
  reservation = client_.reserve(event(""), 10);
  EXPECT_EQ(reservation.try_commit(1, 2), Error::kInvalidArgument);
  EXPECT_EQ(daemon_.drain().size(), 1u);
}

TEST_F(Reserve, capacity_ends_at_the_topics_limit) {
  daemon_.board_writer().find("orders")->max_event_bytes = 103;
  Reservation reservation = client_.reserve(event(""), 5000);
  EXPECT_EQ(reservation.text().size(), 100u);  // 103 less the key
  EXPECT_EQ(reservation.try_commit(101), Error::kMessageTooLarge);
  EXPECT_THAT(last_error_message(), HasSubstr("have 104 bytes; at most 103 are allowed"));
}

TEST_F(Reserve, others_publish_while_a_reservation_is_open) {
  Reservation reservation = client_.reserve(event(""), 10);
  reservation.text()[0] = '1';
  for (int number = 0; number < 100; ++number) client_.publish(event());
  EXPECT_EQ(daemon_.drain().size(), 100u);
  reservation.commit(1);
  EXPECT_EQ(daemon_.drain().size(), 1u);
}

TEST(Lanes, every_lane_in_use_is_named_as_that) {
  FakeDaemon daemon({FakeInstance{.lanes_max = 2}});
  Client client({.socket_path = daemon.socket_path().c_str()});
  const Event to_come{.instance = "kafkaid", .topic = "orders", .message = ""};
  const Reservation one = client.reserve(to_come, 10);
  Reservation two = client.reserve(to_come, 10);
  EXPECT_EQ(client.try_publish({.instance = "kafkaid", .topic = "orders", .message = "1"}),
            Error::kBufferFull);
  EXPECT_THAT(last_error_message(), HasSubstr("all 2 lanes of this process are in use at this moment"));
  // What is wrong with the event itself is said first.
  EXPECT_EQ(client.try_publish({.instance = "kafkaid", .topic = "orders", .message = "?"}),
            Error::kInvalidJson);
  two = Reservation();
  EXPECT_FALSE(client.try_publish({.instance = "kafkaid", .topic = "orders", .message = "1"}));
  EXPECT_TRUE(eventually([&] { return daemon.refused(RINGPOST_BUFFER_FULL) == 1; }));
}

TEST(Instances, each_has_its_own_lanes_and_board) {
  FakeDaemon daemon({FakeInstance{.name = "one"}, FakeInstance{.name = "two"}});
  Client client({.socket_path = daemon.socket_path().c_str()});
  daemon.board("two").admission = static_cast<std::uint32_t>(ipc::Admission::kNotConnected);
  EXPECT_FALSE(client.try_publish({.instance = "one", .topic = "orders", .message = "1"}));
  EXPECT_EQ(client.try_publish({.instance = "two", .topic = "orders", .message = "1"}), Error::kNotConnected);
}

TEST(Info, shows_an_instance_without_publishing) {
  FakeDaemon daemon;
  Client client({.socket_path = daemon.socket_path().c_str()});
  daemon.board().waiting_events = 5;
  daemon.board().buffer_used_bytes = 1000;
  Info info = client.info("kafkaid");
  EXPECT_EQ(info.accepting, RINGPOST_OK);
  EXPECT_EQ(info.connected, 1);
  EXPECT_EQ(info.disconnected_ms, 0);
  EXPECT_EQ(info.waiting_events, 5u);
  EXPECT_EQ(info.buffer_used_bytes, 1000u);
  EXPECT_EQ(info.buffer_bytes, 4u << 20);
  EXPECT_EQ(info.max_event_bytes, 1'048'576u);
  EXPECT_EQ(info.lanes, 3u);
  EXPECT_EQ(info.lanes_max, 8u);
  EXPECT_EQ(info.room_bytes, 3u * (64u << 10));
  EXPECT_EQ(info.largest_room_bytes, 64u << 10);

  client.publish({.instance = "kafkaid", .topic = "orders", .message = "1"});
  EXPECT_EQ(client.info("kafkaid").room_bytes, 3u * (64u << 10) - 48);

  daemon.board().connected = 0;
  daemon.board().disconnected_since_ns = 1;
  daemon.board().admission = static_cast<std::uint32_t>(ipc::Admission::kNotConnected);
  info = client.info("kafkaid");
  EXPECT_EQ(info.accepting, RINGPOST_NOT_CONNECTED);
  EXPECT_EQ(info.connected, 0);
  EXPECT_GT(info.disconnected_ms, 0);

  EXPECT_EQ(client.try_info("nobody", info), Error::kUnknownInstance);
  EXPECT_EQ(client.try_info("No!", info), Error::kInvalidArgument);
}

TEST(Info, names_the_instances_until_there_are_no_more) {
  FakeDaemon daemon({FakeInstance{.name = "one"}, FakeInstance{.name = "two", .allowed = false}});
  Client client({.socket_path = daemon.socket_path().c_str()});
  EXPECT_EQ(client.instance_name(0), "one");
  EXPECT_EQ(client.instance_name(1), "two");
  EXPECT_EQ(client.instance_name(2), std::nullopt);
  std::array<char, 3> small{};
  EXPECT_EQ(ringpost_instance_name(client.handle(), 0, small.data(), small.size()),
            RINGPOST_INVALID_ARGUMENT);
  EXPECT_EQ(ringpost_instance_name(client.handle(), 0, nullptr, 0), RINGPOST_INVALID_ARGUMENT);
  EXPECT_EQ(ringpost_instance_name(nullptr, 0, small.data(), small.size()), RINGPOST_INVALID_ARGUMENT);
}

TEST(Info, an_older_callers_structure_is_filled_as_far_as_it_goes) {
  FakeDaemon daemon;
  const Client client({.socket_path = daemon.socket_path().c_str()});
  ringpost_info info;
  std::memset(&info, 0x55, sizeof info);
  info.struct_size = offsetof(ringpost_info, waiting_events);
  EXPECT_EQ(ringpost_instance_info(client.handle(), "kafkaid", &info), RINGPOST_OK);
  EXPECT_EQ(info.connected, 1);
  EXPECT_EQ(info.waiting_events, 0x5555555555555555u);
  info.struct_size = 0;
  EXPECT_EQ(ringpost_instance_info(client.handle(), "kafkaid", &info), RINGPOST_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace ringpost::tests
