// What the producer side asks of whoever owns the records (the daemon's arena), and what it tells about them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ringpost::kafka {

// The owner's own name for one record: opaque here, given back in every report.
using Ticket = std::uint64_t;

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;  // nullopt: a null header
};

// One record as it goes to Kafka. Every view stays valid, and its bytes unchanged, until delivered() or
// dead().
struct RecordView {
  std::uint64_t sequence = 0;  // of the instance, rising: the order within a key, and half of the ringpost-id
  std::string_view topic;
  std::optional<std::string_view> key;  // nullopt: null key; an empty key is a key
  std::span<const Header> headers;
  std::string_view message;
  std::int64_t create_time_ms = 0;  // Unix epoch, UTC
};

// Why a record will never be delivered.
enum class DeadReason : std::uint8_t {
  kRefusedByBroker,  // the broker refused this record for good
  kUnknownTopic,     // the cluster says that there is no such topic
  kTimedOut,         // send_timeout passed before it was handed over
};

struct TopicFacts {
  enum class State : std::uint8_t { kUnasked, kExists, kMissing };
  State state = State::kUnasked;
  std::int32_t partition_count = 0;                // 0: not known
  std::optional<std::uint32_t> max_message_bytes;  // max.message.bytes, where DescribeConfigs was permitted
  bool compacted = false;                          // cleanup.policy holds "compact": null keys are refused
};

// Called on the thread that calls the Outbox, from within hand_over() and poll() only (topic_facts() from its constructor
// too). It must not call the Outbox from there.
class RecordOwner {
 public:
  virtual ~RecordOwner() = default;

  // Fills `headers` (cleared by the callee) and returns a view that may point into it.
  virtual RecordView view(Ticket ticket, std::vector<Header>& headers) = 0;

  virtual void handed(Ticket ticket, std::int32_t partition) = 0;  // just before the record enters librdkafka
  virtual void delivered(Ticket ticket, std::int32_t partition, std::int64_t offset) = 0;
  virtual void dead(Ticket ticket, DeadReason reason, std::string_view detail) = 0;
  virtual void topic_facts(std::string_view topic, const TopicFacts& facts) = 0;  // first known, or changed
};

}  // namespace ringpost::kafka
