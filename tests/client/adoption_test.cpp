// The daemon dies and another one adopts the connection: publishers notice nothing but a new board.
#include "tests/client/adoption.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

std::vector<std::string> numbers(int count) {
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(count));
  for (int number = 0; number < count; ++number) texts.push_back(std::to_string(number));
  return texts;
}

TEST_F(Adoption, publishing_goes_on_while_nobody_answers) {
  begin();
  for (const std::string& text : numbers(100)) {
    if (text == "30") die();
    if (text == "70") succeed();
    client_.publish({.instance = "kafkaid", .topic = "orders", .message = text, .key = {}, .headers = {}});
  }
  expect_confirmed();
  EXPECT_EQ(drain(), numbers(100));
  EXPECT_EQ(sequences_.size(), 1U);  // one lane for all of it
  EXPECT_EQ(daemon_->client_count(), 1U);
}

TEST_F(Adoption, what_stops_the_calls_in_the_gap_is_a_full_lane) {
  begin();
  die();
  int accepted = 0;
  std::error_code error;
  while (!(error = client_.try_publish(kEvent))) ++accepted;
  EXPECT_EQ(error, Error::kBufferFull) << last_error_message();
  succeed();
  EXPECT_EQ(drain().size(), static_cast<std::size_t>(accepted));  // the room is told on the new board
  EXPECT_TRUE(eventually([this] { return !client_.try_publish(kEvent); }));
  EXPECT_EQ(drain().size(), 1U);
}

TEST_F(Adoption, after_the_grace_calls_fail_until_a_daemon_is_back) {
  begin({FakeInstance{.lane_bytes = 8U << 20}}, 1'000);
  die();
  std::size_t accepted = 0;
  std::error_code error;
  EXPECT_TRUE(eventually([&] {
    error = client_.try_publish(kEvent);
    if (!error) ++accepted;
    return !!error;
  }));
  EXPECT_EQ(error, Error::kDaemonUnavailable);
  EXPECT_THAT(last_error_message(), HasSubstr("the daemon has not answered for 1 s"));
  succeed();
  EXPECT_TRUE(eventually([this] { return !client_.try_publish(kEvent); }));
  EXPECT_EQ(drain().size(), accepted + 1);
}

TEST_F(Adoption, a_daemon_that_only_says_that_it_is_there_does_not_end_the_silence) {
  begin({FakeInstance{}}, 1'000);
  die();
  EXPECT_TRUE(eventually([this] {
    succeed([](FakeDaemon& next) { next.fall_silent(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    die();
    return client_.try_publish(kEvent) == Error::kDaemonUnavailable;
  }));
  EXPECT_THAT(last_error_message(), HasSubstr("the daemon has not answered for 1 s"));
}

TEST_F(Adoption, who_is_alive_is_asked_often_enough_to_show_it) {
  instances_ = {FakeInstance{}};
  daemon_ = std::make_unique<FakeDaemon>(instances_);
  daemon_->have_keeper(4'000);
  daemon_->set_ping_interval_ms(3'600'000);
  client_ = Client(options());
  EXPECT_TRUE(eventually([this] { return daemon_->pings() >= 2; }));
  EXPECT_FALSE(client_.try_publish(kEvent)) << last_error_message();
}

TEST_F(Adoption, a_daemon_that_was_only_slow_is_there_again) {
  begin({FakeInstance{}}, 200);
  die();
  EXPECT_TRUE(eventually([this] { return client_.try_publish(kEvent) == Error::kDaemonUnavailable; }));
  daemon_->go_on();
  EXPECT_TRUE(eventually([this] { return !client_.try_publish(kEvent); }));
}

TEST_F(Adoption, the_new_boards_verdicts_and_figures_count) {
  begin({FakeInstance{.topics = {"orders", "bills"}}});
  client_.publish(kEvent);  // its lane remembers the topic's place on the old board
  die();
  instances_ = {FakeInstance{.topics = {"aaa", "bbb", "bills", "orders"}}};
  succeed();
  expect_confirmed();
  daemon_->board_writer().find("orders")->flags = ipc::kTopicMissing;
  EXPECT_EQ(client_.try_publish(kEvent), Error::kUnknownTopic);
  daemon_->board_writer().find("orders")->flags = ipc::kTopicFull;
  EXPECT_EQ(client_.try_publish(kEvent), Error::kBufferFull);
  daemon_->board_writer().find("orders")->flags = 0;
  dead_->board_writer().find("orders")->flags = ipc::kTopicMissing;  // nobody looks there any more
  daemon_->board().waiting_events = 4711;
  EXPECT_EQ(client_.info("kafkaid").waiting_events, 4711U);
  client_.publish(kEvent);
  daemon_->set_standing(ipc::Standing::kCutOff);
  EXPECT_EQ(client_.try_publish(kEvent), Error::kDaemonUnavailable);
  EXPECT_EQ(drain().size(), 2U);
  EXPECT_EQ(daemon_->refused(RINGPOST_UNKNOWN_TOPIC), 1U);
}

TEST_F(Adoption, the_refused_calls_go_on_in_the_same_lane) {
  begin();
  Event wrong = kEvent;
  wrong.topic = "unknown";
  for (int round = 1; round <= 3; ++round) {
    EXPECT_EQ(client_.try_publish(wrong), Error::kUnknownTopic);
    die();
    EXPECT_EQ(client_.try_publish(wrong), Error::kUnknownTopic);
    succeed();
    expect_confirmed();
    EXPECT_EQ(daemon_->refused(RINGPOST_UNKNOWN_TOPIC), 2U * static_cast<unsigned>(round));
  }
  EXPECT_EQ(client_.info("kafkaid").lanes, 3U);
}

TEST_F(Adoption, instances_in_another_order_some_gone_some_new_some_denied) {
  const auto named = [](const char* name) { return FakeInstance{.name = name}; };
  const auto event_for = [](std::string_view name) {
    return Event{.instance = name, .topic = "orders", .message = "1", .key = {}, .headers = {}};
  };
  begin({named("one"), named("two"), named("gone"), named("secret")});
  for (const FakeInstance& instance : instances_) client_.publish(event_for(instance.name));
  die();
  FakeInstance secret = named("secret");
  secret.allowed = false;
  succeed({secret, named("fresh"), named("two"), named("one")});
  expect_confirmed();
  EXPECT_EQ(client_.try_publish(event_for("gone")), Error::kUnknownInstance);
  EXPECT_EQ(client_.try_publish(event_for("secret")), Error::kDenied);
  EXPECT_EQ(drain().size(), 4U);  // what they had accepted is there
  for (const char* name : {"one", "two", "fresh"}) client_.publish(event_for(name));
  EXPECT_EQ(drain().size(), 3U);
  EXPECT_EQ(sequences_.size(), 5U);  // the lanes of "one" and "two" went on
  daemon_->board("two").waiting_events = 2;
  EXPECT_EQ(client_.info("two").waiting_events, 2U);

  die();  // and back again, with new lanes
  succeed({named("gone"), named("one")});
  expect_confirmed();
  client_.publish(event_for("gone"));
  EXPECT_EQ(drain().size(), 1U);
  EXPECT_EQ(sequences_.size(), 6U);
}

TEST_F(Adoption, a_reservation_across_it_holds_back_the_confirmation_and_arrives) {
  begin();
  client_.publish(kEvent);
  Reservation reservation = client_.reserve(kToCome, 10);
  die();
  succeed();
  EXPECT_TRUE(eventually([this] { return daemon_->pings() >= 3; }));
  EXPECT_EQ(daemon_->confirmed(), 0U);
  client_.publish(kEvent);  // others go on
  EXPECT_EQ(daemon_->confirmed(), 0U);
  reservation.text()[0] = '2';
  reservation.commit(1);
  expect_confirmed();
  EXPECT_EQ(drain().size(), 3U);
}

TEST_F(Adoption, a_thread_that_ended_inside_a_reservation_does_not) {
  begin({FakeInstance{.lanes_max = 1}});
  die();
  EXPECT_TRUE(eventually([this] { return daemon_->question_waits(); }));
  std::thread([this] {
    ringpost_event event{};
    event.instance = "kafkaid";
    event.topic = "orders";
    event.message_size = 100;
    ringpost_reservation reservation;
    ASSERT_EQ(ringpost_reserve(client_.handle(), &event, &reservation), RINGPOST_OK);
  }).join();
  // While nobody answers, too.
  EXPECT_TRUE(eventually([this] { return !client_.try_publish(kEvent); }));
  succeed();
  expect_confirmed();
  EXPECT_EQ(drain().size(), 1U);
}

TEST_F(Adoption, a_reservation_for_an_instance_that_is_gone_ends) {
  begin({FakeInstance{}, FakeInstance{.name = "other"}});
  Reservation reservation = client_.reserve(kToCome, 10);
  die();
  succeed({FakeInstance{.name = "other"}});
  EXPECT_TRUE(eventually([this] { return client_.try_publish(kEvent) == Error::kUnknownInstance; }));
  EXPECT_TRUE(eventually([this] { return daemon_->pings() >= 3; }));
  EXPECT_EQ(daemon_->confirmed(), 0U);  // it may still look at the old board
  reservation.text()[0] = '1';
  EXPECT_EQ(reservation.try_commit(1), Error::kDaemonUnavailable);
  expect_confirmed();
}

TEST_F(Adoption, the_successors_doorbell_rings) {
  begin();
  client_.publish(kEvent);
  ipc::arm(daemon_->board().doorbell_armed, 1);
  client_.publish(kEvent);
  EXPECT_EQ(daemon_->doorbell_rings(), 1U);
  die();
  succeed();
  expect_confirmed();
  ipc::arm(daemon_->board().doorbell_armed, 1);  // the same number, of another sleep
  client_.publish(kEvent);
  client_.publish(kEvent);
  EXPECT_EQ(daemon_->doorbell_rings(), 1U);
}

TEST_F(Adoption, each_hello_names_the_lanes_that_the_client_has) {
  begin();
  EXPECT_EQ(daemon_->last_hello().generation, 0U);
  for (std::uint32_t generation = 2; generation <= 4; ++generation) {
    die();
    succeed();
    expect_confirmed();
    EXPECT_EQ(daemon_->last_hello().generation, generation);
    EXPECT_EQ(daemon_->lanes_lost(), 0U);
    EXPECT_EQ(daemon_->last_hello().lanes[0], 0b111);
  }
}

// A lane is asked for while two reservations are open: at least four are wanted then.
TEST_F(Adoption, a_lane_that_was_asked_for_and_never_given_is_asked_for_again) {
  for (const bool answered : {false, true}) {
    begin();
    daemon_->swallow(ipc::FrameType::kOpenLane);
    const Reservation one = client_.reserve(kToCome, 10);
    const Reservation two = client_.reserve(kToCome, 10);
    EXPECT_TRUE(eventually([this] { return daemon_->swallowed() == 1; }));
    die();
    if (answered) daemon_->answer_swallowed();  // its last act
    succeed();
    EXPECT_TRUE(eventually([this] { return client_.info("kafkaid").lanes == 4; }));
    EXPECT_TRUE(eventually([this] { return daemon_->lane_count() == 4; }));
    EXPECT_EQ(daemon_->lanes_lost(), 0U);
  }
}

TEST_F(Adoption, any_question_may_be_under_way) {
  using enum ipc::FrameType;
  for (const ipc::FrameType lost : {kHello, kOpenInstance, kOpenLane, kPing}) {
    for (const bool answered : {false, true}) {
      instances_ = {FakeInstance{}};
      daemon_ = std::make_unique<FakeDaemon>(instances_);
      daemon_->have_keeper(3'600'000);
      daemon_->swallow(lost);
      client_ = Client(options(-1));
      EXPECT_TRUE(eventually([this] { return daemon_->swallowed() == 1; }));
      die();
      if (answered) daemon_->answer_swallowed();
      succeed();
      EXPECT_TRUE(eventually([this] { return !client_.try_publish(kEvent); })) << last_error_message();
      expect_confirmed();
      EXPECT_EQ(daemon_->client_count(), 1U);
      EXPECT_EQ(daemon_->lane_count(), 3U);
      EXPECT_EQ(daemon_->lanes_lost(), 0U);
      client_.close();
    }
  }
}

TEST_F(Adoption, the_successor_may_die_in_the_middle_of_it) {
  using enum ipc::FrameType;
  begin();
  for (const ipc::FrameType lost : {kHello, kOpenInstance, kPing}) {
    for (const bool answered : {false, true}) {
      die();
      succeed([lost](FakeDaemon& successor) { successor.swallow(lost); });
      EXPECT_TRUE(eventually([this] { return daemon_->swallowed() == 1; }));
      client_.publish(kEvent);
      die();
      if (answered) daemon_->answer_swallowed();
      succeed();
      expect_confirmed();
      client_.publish(kEvent);
      EXPECT_EQ(drain().size(), 2U);
    }
  }
  EXPECT_EQ(daemon_->lanes_lost(), 0U);
}

// A daemon that can't serve them is no reason to tell anybody that an instance does not exist.
TEST_F(Adoption, a_successor_that_refuses_ends_the_connection_and_nothing_else) {
  const std::vector<std::function<void(FakeDaemon&)>> refusals{
      [](FakeDaemon& next) { next.refuse_hellos(ipc::Refusal::kNoResources, "the test says so"); },
      [](FakeDaemon& next) { next.refuse_instances(ipc::Refusal::kNoResources); }};
  begin();
  for (const auto& refuse : refusals) {
    client_.publish(kEvent);
    die();
    client_.publish(kEvent);
    succeed(refuse);
    EXPECT_TRUE(eventually([this] { return client_.try_publish(kEvent) != std::error_code(); }));
    EXPECT_EQ(client_.try_publish(kEvent), Error::kDaemonUnavailable);
    EXPECT_THAT(last_error_message(), HasSubstr("the test says so"));
    EXPECT_GE(drain().size(), 2U);
    daemon_->refuse_nothing();
    EXPECT_TRUE(eventually([this] { return !client_.try_publish(kEvent); }));
    EXPECT_EQ(drain().size(), 1U);
  }
}

}  // namespace
}  // namespace ringpost::tests
