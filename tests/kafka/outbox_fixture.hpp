// An owner of records in plain memory, an Outbox over it and an embedded cluster: what the Outbox tests start
// from.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/consumer.hpp"
#include "kafka/embedded_cluster.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::kafka {

using namespace std::chrono_literals;
using OwnedHeader = std::pair<std::string, std::optional<std::string>>;

struct OwnedRecord {
  std::string topic;
  std::optional<std::string> key;
  std::string message;
  std::vector<OwnedHeader> headers;

  int handed = 0;
  std::optional<std::int64_t> offset;
  std::int32_t partition = -1;
  std::optional<DeadReason> dead;
  std::string detail;
};

class FakeOwner : public RecordOwner {
 public:
  RecordView view(Ticket ticket, std::vector<Header>& headers) override {
    const OwnedRecord& record = records.at(ticket);
    EXPECT_TRUE(headers.empty());
    for (const auto& [name, value] : record.headers) {
      headers.push_back(
          {.name = name, .value = value ? std::optional<std::string_view>(*value) : std::nullopt});
    }
    return {.sequence = ticket,
            .topic = record.topic,
            .key = record.key ? std::optional<std::string_view>(*record.key) : std::nullopt,
            .headers = headers,
            .message = record.message,
            .create_time_ms = kCreateTimeMs + static_cast<std::int64_t>(ticket)};
  }
  void handed(Ticket ticket, std::int32_t partition) override {
    OwnedRecord& record = records.at(ticket);
    EXPECT_FALSE(record.offset || record.dead) << "handed over after its end: " << ticket;
    ++record.handed;
    record.partition = partition;
  }
  void delivered(Ticket ticket, std::int32_t partition, std::int64_t offset) override {
    OwnedRecord& record = records.at(ticket);
    EXPECT_FALSE(record.offset || record.dead) << "a second end: " << ticket;
    EXPECT_EQ(record.partition, partition);
    record.offset = offset;
    ++delivered_count;
  }
  void dead(Ticket ticket, DeadReason reason, std::string_view detail) override {
    OwnedRecord& record = records.at(ticket);
    EXPECT_FALSE(record.offset || record.dead) << "a second end: " << ticket;
    record.dead = reason;
    record.detail = detail;
    ++dead_count;
  }
  void topic_facts(std::string_view topic, const TopicFacts& known) override {
    facts[std::string(topic)] = known;
    ++facts_count;
  }

  static constexpr std::int64_t kCreateTimeMs = 1'750'000'000'000;

  std::deque<OwnedRecord> records;  // their bytes must stay where they are
  std::map<std::string, TopicFacts> facts;
  std::uint64_t delivered_count = 0;
  std::uint64_t dead_count = 0;
  int facts_count = 0;
};

inline std::int64_t monotonic_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

class OutboxTest : public ::testing::Test {
 protected:
  OutboxConfig config_for(const std::string& bootstrap_servers, std::vector<std::string> topics) {
    OutboxConfig config;
    config.instance = "kafkaid";
    config.bootstrap_servers = bootstrap_servers;
    config.topics = std::move(topics);
    config.id_prefix = "test";
    return config;
  }

  void start_cluster(const std::vector<EmbeddedTopic>& topics, int brokers = 1) {
    cluster = std::make_unique<EmbeddedCluster>(topics, brokers);
  }

  void start_outbox(std::vector<std::string> topics) {
    outbox = std::make_unique<Outbox>(config_for(cluster->bootstrap_servers(), std::move(topics)), owner);
  }

  Ticket add(const std::string& topic, std::optional<std::string> key, std::string message,
             std::vector<OwnedHeader> headers = {}, std::int64_t deadline_ns = 0) {
    const Ticket ticket = owner.records.size();
    owner.records.push_back({.topic = topic,
                             .key = std::move(key),
                             .message = std::move(message),
                             .headers = std::move(headers),
                             .offset = {},
                             .dead = {},
                             .detail = {}});
    const OwnedRecord& record = owner.records.back();
    Outbox::Addition addition;
    addition.ticket = ticket;
    addition.topic = record.topic;
    addition.key = record.key ? std::optional<std::string_view>(*record.key) : std::nullopt;
    addition.size_bytes = static_cast<std::uint32_t>(record.message.size());
    addition.deadline_ns = deadline_ns;
    outbox->add(addition);
    return ticket;
  }

  // One round of an instance's thread. The counts must add up at each.
  void turn() {
    outbox->poll();
    outbox->hand_over();
    const OutboxCounts counts = outbox->counts();
    ASSERT_EQ(owner.records.size(),
              owner.delivered_count + owner.dead_count + counts.queued + counts.in_flight);
    std::int64_t wait_ms = 20;
    if (const std::int64_t timer_ns = outbox->next_timer_ns(); timer_ns != 0) {
      wait_ms = std::clamp<std::int64_t>((timer_ns - monotonic_now_ns()) / 1'000'000, 0, wait_ms);
    }
    pollfd event{.fd = outbox->event_fd(), .events = POLLIN, .revents = 0};
    ::poll(&event, 1, static_cast<int>(wait_ms));
  }

  // Turns until the condition holds. The time-out only ends a test that has failed.
  ::testing::AssertionResult turn_until(const std::function<bool()>& condition,
                                        std::chrono::seconds patience = 60s) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      turn();
      if (HasFatalFailure()) {
        return ::testing::AssertionFailure() << "the counts do not add up";
      }
      if (std::chrono::steady_clock::now() > deadline) {
        const OutboxCounts counts = outbox->counts();
        return ::testing::AssertionFailure()
               << "not within " << patience.count() << " s: delivered " << owner.delivered_count << ", dead "
               << owner.dead_count << ", queued " << counts.queued << ", in flight " << counts.in_flight
               << ", producers " << counts.producers_created << ", last error "
               << outbox->connection().last_error;
      }
    }
    return ::testing::AssertionSuccess();
  }
  bool all_ended() const { return owner.delivered_count + owner.dead_count == owner.records.size(); }

  struct Read {
    std::int32_t partition;
    std::int64_t offset;
    std::int64_t timestamp_ms;
    std::optional<std::string> key;
    std::vector<OwnedHeader> headers;
    std::string message;
  };

  std::vector<Read> read_topic(const std::string& topic) {
    ConsumerConfig config;
    config.instance = "kafkaid";
    config.bootstrap_servers = cluster->bootstrap_servers();
    config.topic = topic;
    config.until_end = true;
    Consumer consumer(config);
    std::vector<Read> all;
    ConsumedRecord record;
    for (int tries = 0; tries < 30; ++tries) {
      const Consumer::Next next = consumer.next(record, 1s);
      if (next == Consumer::Next::kEnd) {
        return all;
      }
      if (next == Consumer::Next::kRecord) {
        tries = 0;
        all.push_back(copy_of(record));
      }
    }
    ADD_FAILURE() << "the topic's end was not reached: " << consumer.error();
    return all;
  }

  static Read copy_of(const ConsumedRecord& record) {
    Read read{.partition = record.partition,
              .offset = record.offset,
              .timestamp_ms = record.timestamp_ms,
              .key = {},
              .headers = {},
              .message = std::string(record.message.value_or("tombstone"))};
    if (record.key) {
      read.key = *record.key;
    }
    for (const auto& [name, value] : record.headers) {
      read.headers.emplace_back(name, value ? std::optional<std::string>(*value) : std::nullopt);
    }
    return read;
  }

  FakeOwner owner;  // outlives the outbox, which points into its records
  std::unique_ptr<EmbeddedCluster> cluster;
  std::unique_ptr<Outbox> outbox;
};

}  // namespace ringpost::kafka
