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
#include <set>
#include <span>
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

inline std::int64_t monotonic_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

struct OwnedRecord {
  std::string topic;
  std::optional<std::string> key;
  std::string message;
  std::vector<OwnedHeader> headers;
  std::int64_t deadline_ns = 0;

  int handed = 0;
  std::optional<std::int64_t> offset;
  std::int32_t partition = -1;
  bool overdue = false;
  std::optional<DeadReason> dead;
  std::string detail;
  Ticket block = 0;       // where it lies on disk; 0: in the arena
  bool in_memory = true;  // a record of a block: it was brought back
  bool damaged = false;   // bring_back() ends it
  bool ended() const { return offset || dead; }
};

// A record's ticket is its sequence, with kFromDisk once it has come back from a block. Blocks are lists of sequences.
class FakeOwner : public RecordOwner {
 public:
  RecordView view(Ticket ticket, std::vector<Header>& headers) override {
    const OwnedRecord& record = of(ticket);
    EXPECT_TRUE(headers.empty());
    for (const auto& [name, value] : record.headers) {
      headers.push_back(
          {.name = name, .value = value ? std::optional<std::string_view>(*value) : std::nullopt});
    }
    return {.sequence = ticket & ~kFromDisk,
            .topic = record.topic,
            .key = record.key ? std::optional<std::string_view>(*record.key) : std::nullopt,
            .headers = headers,
            .message = record.message,
            .create_time_ms = kCreateTimeMs + static_cast<std::int64_t>(ticket & ~kFromDisk)};
  }
  void handed(Ticket ticket, std::int32_t partition) override {
    OwnedRecord& record = of(ticket);
    EXPECT_FALSE(record.ended()) << "handed over after its end: " << ticket;
    EXPECT_FALSE(record.overdue) << "handed over after its deadline: " << ticket;
    if (record.handed++ == 0 && record.key) {
      std::int64_t& latest = latest_handed.try_emplace({record.topic, *record.key}, -1).first->second;
      EXPECT_GT(sequence_of(ticket), latest) << "handed over after a newer one of its key";
      latest = sequence_of(ticket);
    }
    record.partition = partition;
  }
  void delivered(Ticket ticket, std::int32_t partition, std::int64_t offset) override {
    OwnedRecord& record = of(ticket);
    EXPECT_FALSE(record.ended()) << "a second end: " << ticket;
    EXPECT_EQ(record.partition, partition);
    record.offset = offset;
    ++delivered_count;
  }
  void dead(Ticket ticket, const DeadNotice& notice) override {
    OwnedRecord& record = of(ticket);
    EXPECT_FALSE(record.ended()) << "a second end: " << ticket;
    EXPECT_EQ(notice.reason == DeadReason::kTimedOut && record.handed != 0, false) << "it may have arrived";
    record.dead = notice.reason;
    record.detail = notice.detail;
    ++dead_count;
  }
  void overdue(Ticket ticket) override {
    OwnedRecord& record = of(ticket);
    EXPECT_FALSE(record.ended() || record.overdue) << "overdue twice, or after its end: " << ticket;
    EXPECT_GE(monotonic_now_ns(), record.deadline_ns);
    EXPECT_NE(record.deadline_ns, 0);
    record.overdue = true;
    ++overdue_count;
  }
  void topic_facts(std::string_view topic, const TopicFacts& known) override {
    facts[std::string(topic)] = known;
    ++facts_count;
  }

  std::uint64_t sequence(Ticket ticket) override {
    const auto block = blocks.find(ticket);
    return block == blocks.end() ? ticket & ~kFromDisk : block->second.front();
  }
  std::optional<Ticket> put_on_disk(std::span<const Ticket> tickets, std::int32_t partition) override {
    if (disk_full) {
      return std::nullopt;
    }
    const OwnedRecord& first = of(tickets.front());
    const bool keyed = first.key.has_value();
    const Ticket block = kFromDisk | (Ticket{1} << 62U) | ++blocks_written;
    for (const Ticket ticket : tickets) {
      OwnedRecord& record = of(ticket);
      EXPECT_FALSE(record.ended()) << "put on disk after its end: " << ticket;
      EXPECT_EQ(record.block != 0, (ticket & kFromDisk) != 0) << "another ticket than it has: " << ticket;
      EXPECT_EQ(record.key.has_value(), keyed);
      EXPECT_EQ(record.topic, first.topic);
      record.block = block;
      record.in_memory = false;
      blocks[block].push_back(ticket & ~kFromDisk);
      partition_of[block] = partition;
    }
    return block;
  }
  BringBack bring_back(Ticket block, std::vector<Returned>& returned) override {
    EXPECT_TRUE(returned.empty());
    if (disk_unreadable) {
      ++reads_refused;
      return BringBack::kLater;
    }
    const auto node = blocks.extract(block);
    if (node.empty()) {
      ADD_FAILURE() << "a block that is no more: " << block;
      return BringBack::kDone;
    }
    ++blocks_read;
    for (const std::uint64_t sequence : node.mapped()) {
      OwnedRecord& record = records.at(sequence);
      if (record.damaged) {
        record.dead = DeadReason::kRefusedByBroker;
        record.detail = "damaged";
        ++dead_count;
        continue;
      }
      record.in_memory = true;
      returned.push_back({.ticket = sequence | kFromDisk,
                          .key = record.key ? std::optional<std::string_view>(*record.key) : std::nullopt,
                          .size_bytes = static_cast<std::uint32_t>(record.message.size()),
                          .deadline_ns = record.deadline_ns,
                          .tried = record.handed != 0});
    }
    return BringBack::kDone;
  }

  static std::int64_t sequence_of(Ticket ticket) { return static_cast<std::int64_t>(ticket & ~kFromDisk); }
  OwnedRecord& of(Ticket ticket) {
    OwnedRecord& record = records.at(ticket & ~kFromDisk);
    EXPECT_TRUE(record.in_memory) << "it is on disk: " << ticket;
    return record;
  }

  static constexpr std::int64_t kCreateTimeMs = 1'750'000'000'000;

  std::deque<OwnedRecord> records;  // their bytes must stay where they are
  std::map<Ticket, std::vector<std::uint64_t>> blocks;
  std::map<Ticket, std::int32_t> partition_of;
  std::map<std::pair<std::string, std::string>, std::int64_t> latest_handed;  // of each topic's keys
  std::map<std::string, TopicFacts> facts;
  std::uint64_t blocks_written = 0;
  std::uint64_t blocks_read = 0;
  std::uint64_t reads_refused = 0;
  bool disk_full = false;
  bool disk_unreadable = false;
  std::uint64_t delivered_count = 0;
  std::uint64_t dead_count = 0;
  std::uint64_t overdue_count = 0;
  int facts_count = 0;
};

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
                             .deadline_ns = deadline_ns,
                             .offset = {},
                             .dead = {},
                             .detail = {}});
    add_again(ticket);
    return ticket;
  }

  void add_again(Ticket ticket) {
    const OwnedRecord& record = owner.records[ticket];
    Outbox::Addition addition;
    addition.ticket = ticket;
    addition.topic = record.topic;
    addition.key = record.key ? std::optional<std::string_view>(*record.key) : std::nullopt;
    addition.size_bytes = static_cast<std::uint32_t>(record.message.size());
    addition.deadline_ns = record.deadline_ns;
    addition.tried = record.handed != 0;
    outbox->add(addition);
  }

  // A successor's first steps: what has not ended goes into a new Outbox, records of the arena each for itself and
  // those of a block together, in the order of their first sequences. What was told as overdue counts as dead.
  void crash_and_recover(std::vector<std::string> topics) {
    outbox.reset();
    std::map<Ticket, std::vector<std::uint64_t>> blocks;
    std::map<std::uint64_t, std::optional<Ticket>> elements;  // by first sequence; a block or a record
    for (std::uint64_t sequence = 0; sequence < owner.records.size(); ++sequence) {
      OwnedRecord& record = owner.records[sequence];
      if (!record.ended() && record.overdue) {
        record.dead = DeadReason::kOutcomeUnknown;
        ++owner.dead_count;
      }
      if (!record.ended() && record.block != 0) {
        blocks[record.block].push_back(sequence);
      } else if (!record.ended()) {
        elements[sequence] = std::nullopt;
      }
    }
    owner.blocks.clear();
    for (auto& [block, sequences] : blocks) {
      elements[sequences.front()] = block;
      for (const std::uint64_t sequence : sequences) {
        owner.records[sequence].in_memory = false;
      }
      owner.blocks[block] = std::move(sequences);
    }
    start_outbox(std::move(topics));
    for (const auto& [sequence, block] : elements) {
      if (block) {
        add_block_again(*block);
      } else {
        add_again(sequence);
      }
    }
  }

  void add_block_again(Ticket block) {
    const std::vector<std::uint64_t>& sequences = owner.blocks.at(block);
    Outbox::Block added;
    added.ticket = block;
    added.topic = owner.records[sequences.front()].topic;
    added.keyed = owner.records[sequences.front()].key.has_value();
    added.records = static_cast<std::uint32_t>(sequences.size());
    for (const std::uint64_t sequence : sequences) {
      const std::int64_t deadline_ns = owner.records[sequence].deadline_ns;
      if (deadline_ns != 0 && (added.deadline_ns == 0 || deadline_ns < added.deadline_ns)) {
        added.deadline_ns = deadline_ns;
      }
    }
    outbox->add_block(added);
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

  // Everything that may be spilled, when at least one run may.
  ::testing::AssertionResult spill_everything() {
    const ::testing::AssertionResult spilled = turn_until([this] { return outbox->spill() != 0; });
    while (outbox->spill() != 0) {
    }
    return spilled;
  }

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

  // Every delivered record is in the topic, and the first occurrences of one key are in order.
  void expect_order_and_no_loss(const std::string& topic) {
    std::map<std::string, std::int64_t> latest;
    std::set<std::string> ids;
    for (const Read& read : read_topic(topic)) {
      const std::string& id = *read.headers.back().second;
      if (ids.insert(id).second && read.key) {
        const std::int64_t sequence = std::stoll(id.substr(id.rfind('-') + 1));
        const auto [known, fresh] = latest.try_emplace(*read.key, sequence);
        EXPECT_TRUE(fresh || known->second < sequence)
            << *read.key << ": " << sequence << " after " << known->second;
        known->second = sequence;
      }
    }
    std::size_t delivered = 0;
    for (std::size_t i = 0; i < owner.records.size(); ++i) {
      const bool counts = owner.records[i].topic == topic && owner.records[i].offset;
      delivered += counts ? 1 : 0;
      EXPECT_TRUE(!counts || ids.contains("test-" + std::to_string(i))) << "record " << i << " is lost";
    }
    EXPECT_GE(ids.size(), delivered);  // what is dead with an unknown outcome may have arrived
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
