// The status text: every field, valid JSON whatever stands in it, memory that nobody can change.
#include "daemon/control/status.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "daemon/control/service_manager.hpp"

namespace ringpost::daemon {
namespace {

InstanceStatus reading() {
  InstanceStatus status;
  status.name = "kafkaid";
  status.brokers = "broker1:9092,broker2:9092";
  status.connected = true;
  status.ever_connected = true;
  status.accepted = 10;
  status.delivered = 7;
  status.waiting = 2;
  status.waiting_in_lanes = 1;
  status.waiting_in_arena = 1;
  status.dead_letters = 1;
  status.dead_letters_by_reason = {{"unknown_topic", 1}};
  status.refused = {{"BUFFER_FULL", 3}};
  status.topics = {{"orders", "exists", 4}};
  return status;
}

DaemonStatus of_daemon() {
  DaemonStatus status;
  status.version = "0.1.0";
  status.pid = 4711;
  status.uptime_s = 12;
  status.librdkafka = "2.14.2";
  status.clients = 3;
  status.protocol_errors = 5;
  status.refused[static_cast<std::size_t>(ipc::Refusal::kLaneMemory)] = 2;
  status.users[1001] = {4, 3, 6, 6 << 20};
  return status;
}

boost::json::object parsed(const InstanceStatus& status) {
  const Reading reading{status, false, 0};
  const std::string text = status_json(of_daemon(), {&reading});
  return boost::json::parse(text).at("instances").at(0).as_object();
}

std::set<std::string> names_of(const boost::json::object& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object) names.emplace(name);
  return names;
}

TEST(StatusJson, TheDaemonsFields) {
  const boost::json::object status = boost::json::parse(status_json(of_daemon(), {})).as_object();
  EXPECT_EQ(names_of(status),
            (std::set<std::string>{"version", "pid", "uptime_s", "librdkafka", "keeper", "generation",
                                   "kept_descriptors", "clients", "clients_departed", "connections", "lanes",
                                   "lane_bytes", "memory_bound_bytes", "protocol_errors", "refused", "users",
                                   "reloads_refused", "configuration_problems", "instances"}));
  EXPECT_EQ(status.at("version"), "0.1.0");
  EXPECT_EQ(status.at("pid"), 4711);
  EXPECT_EQ(status.at("librdkafka"), "2.14.2");
  EXPECT_EQ(status.at("keeper"), false);
  EXPECT_EQ(status.at("clients"), 3);
  EXPECT_EQ(status.at("protocol_errors"), 5);
  EXPECT_EQ(status.at("refused"), (boost::json::object{{"lane_memory", 2}}));
  EXPECT_EQ(status.at("users").at(0).at("uid"), 1001);
  EXPECT_EQ(status.at("users").at(0).at("lanes"), 6);
}

TEST(StatusJson, AnInstancesFields) {
  const boost::json::object status = parsed(reading());
  EXPECT_EQ(names_of(status), (std::set<std::string>{"name",
                                                     "state",
                                                     "reading_age_ms",
                                                     "brokers",
                                                     "enabled",
                                                     "connected",
                                                     "ever_connected",
                                                     "last_error",
                                                     "unreachable",
                                                     "trouble",
                                                     "credentials_problem",
                                                     "disconnected_for_ms",
                                                     "clients",
                                                     "lanes",
                                                     "accepted",
                                                     "delivered",
                                                     "waiting",
                                                     "waiting_in_lanes",
                                                     "in_flight",
                                                     "waiting_in_arena",
                                                     "waiting_on_disk",
                                                     "dead_letters",
                                                     "missing_on_disk",
                                                     "disk",
                                                     "dead_letters_by_reason",
                                                     "refused",
                                                     "oldest_waiting_ms",
                                                     "buffer_bytes",
                                                     "buffer_used_bytes",
                                                     "lane_bytes",
                                                     "malformed_lanes",
                                                     "topics",
                                                     "producers_created"}));
  EXPECT_EQ(status.at("accepted"), 10);
  EXPECT_EQ(status.at("delivered"), 7);
  EXPECT_EQ(status.at("refused").at("BUFFER_FULL"), 3);
  EXPECT_EQ(status.at("dead_letters_by_reason").at("unknown_topic"), 1);
  EXPECT_EQ(status.at("topics").at(0).at("name"), "orders");
  EXPECT_EQ(status.at("topics").at(0).at("partitions"), 4);
}

TEST(StatusJson, TheStateIsOneWord) {
  InstanceStatus status = reading();
  EXPECT_EQ(parsed(status).at("state"), "connected");
  status.unreachable = "kafka2:9092/2: no answer";
  EXPECT_EQ(parsed(status).at("state"), "degraded");
  status.connected = false;
  EXPECT_EQ(parsed(status).at("state"), "disconnected");
  status.ever_connected = false;
  EXPECT_EQ(parsed(status).at("state"), "connecting");
  status.enabled = false;
  EXPECT_EQ(parsed(status).at("state"), "disabled");
  const Reading late{status, true, 2'500};
  const std::string text = status_json(of_daemon(), {&late});
  EXPECT_EQ(boost::json::parse(text).at("instances").at(0).at("state"), "not_answering");
  EXPECT_EQ(boost::json::parse(text).at("instances").at(0).at("reading_age_ms"), 2'500);
}

// Answers when the test says so.
class SlowSource : public ReadingSource {
 public:
  std::size_t size() const override { return 2; }
  InstanceStatus unasked(std::size_t index) const override {
    InstanceStatus status;
    status.name = index == 0 ? "quick" : "stuck";
    status.brokers = "b1:9092";
    return status;
  }
  void read(std::size_t index, std::function<void(const InstanceStatus&)> done) override {
    ++asked[index];
    if (index == 0 || !held) return done(answer(index));
    answers.push_back(std::move(done));
  }
  InstanceStatus answer(std::size_t index) const {
    InstanceStatus status = unasked(index);
    status.accepted = 10 + index;
    return status;
  }

  bool held = true;
  std::array<int, 2> asked{};
  std::vector<std::function<void(const InstanceStatus&)>> answers;
};

TEST(StatusRounds, AnInstanceThatDoesNotAnswerHoldsNobodyUp) {
  boost::asio::io_context io;
  SlowSource source;
  StatusRounds rounds(io, source);
  std::vector<Reading> readings;
  const auto ask = [&] {
    readings.clear();
    rounds.ask([&](const std::vector<Reading>& answered) { readings = answered; });
    while (readings.empty() && io.run_one() != 0) {
    }
    io.restart();
  };
  source.held = false;
  ask();
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_FALSE(readings[1].late);

  source.held = true;
  for (int round = 0; round < 3; ++round) {
    ask();
    ASSERT_EQ(readings.size(), 2U);
    EXPECT_FALSE(readings[0].late);
    EXPECT_TRUE(readings[1].late);
    EXPECT_GE(readings[1].age_ms, StatusRounds::kPatience.count());
    EXPECT_EQ(readings[1].instance.name, "stuck");
    EXPECT_EQ(readings[1].instance.accepted, 11U) << "its last figures";
  }
  EXPECT_EQ(source.asked, (std::array<int, 2>{4, 2})) << "asked again before it had answered";

  source.answers.front()(source.answer(1));
  source.held = false;
  ask();
  EXPECT_FALSE(readings[1].late);
  const std::string text = status_json(of_daemon(), {&readings[1]});
  EXPECT_EQ(boost::json::parse(text).at("instances").at(0).at("reading_age_ms"), 0);
}

TEST(StatusRounds, AnInstanceThatHasNeverAnsweredHasItsNameAndItsBrokers) {
  boost::asio::io_context io;
  SlowSource source;
  StatusRounds rounds(io, source);
  std::vector<Reading> readings;
  rounds.ask([&](const std::vector<Reading>& answered) { readings = answered; });
  io.run();
  ASSERT_EQ(readings.size(), 2U);
  EXPECT_TRUE(readings[1].late);
  EXPECT_EQ(readings[1].instance.name, "stuck");
  EXPECT_EQ(readings[1].instance.brokers, "b1:9092");
  EXPECT_EQ(readings[1].instance.accepted, 0U);
}

TEST(ServiceSentence, NamesWhatIsNotWellFirstAndNotAllOfMany) {
  const auto named = [](const std::string& name, bool connected) {
    InstanceStatus status = reading();
    status.name = name;
    status.connected = connected;
    status.last_error = "broker1:9092:\nrefused";
    return Reading{status, false, 0};
  };
  std::vector<Reading> readings{named("a", true), named("b", false)};
  EXPECT_EQ(service_sentence(1, readings),
            "1 client. b: disconnected, 2 events wait (broker1:9092: refused). a: connected, 2 events wait.");
  readings[1].late = true;
  EXPECT_EQ(service_sentence(0, {readings[1]}), "0 clients. b: not_answering, 2 events wait.");
  for (const char* const name : {"c", "d", "e", "f"}) readings.push_back(named(name, true));
  EXPECT_EQ(service_sentence(2, readings),
            "2 clients. b: not_answering, 2 events wait. a: connected, 2 events wait. c: connected, 2 events "
            "wait. d: connected, 2 events wait. And 2 more instances.");
}

TEST(StatusJson, WhatLibrdkafkaSaysIsEscaped) {
  InstanceStatus status = reading();
  status.last_error = "\"quoted\"\n\\ \x01";
  EXPECT_EQ(parsed(status).at("last_error").as_string(), status.last_error);
}

TEST(SealedText, HoldsTheTextAndNobodyCanChangeIt) {
  const std::string text(200'000, 'x');
  const ipc::Descriptor memory = sealed_text(text);
  std::string back(text.size() + 1, '\0');
  EXPECT_EQ(::pread(memory.get(), back.data(), back.size(), 0), static_cast<ssize_t>(text.size()));
  back.resize(text.size());
  EXPECT_EQ(back, text);

  EXPECT_LT(::pwrite(memory.get(), "y", 1, 0), 0);
  EXPECT_LT(::ftruncate(memory.get(), 1), 0);
  EXPECT_LT(::fallocate(memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0), MAP_FAILED);
  void* mapped = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, memory.get(), 0);
  ASSERT_NE(mapped, MAP_FAILED);
  EXPECT_LT(::mprotect(mapped, 4096, PROT_READ | PROT_WRITE), 0);
  ::munmap(mapped, 4096);
}

}  // namespace
}  // namespace ringpost::daemon
