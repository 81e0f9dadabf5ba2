// What the producer side asks of whoever owns the records (the daemon's arena), and what it tells about them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace ringpost::kafka {

// The owner's own name for one record, or for a block of records on disk: opaque here, given back in every report.
using Ticket = std::uint64_t;
// Tickets of blocks, and of records that have been brought back from one, have this bit; all others are records in the
// owner's memory.
inline constexpr Ticket kFromDisk = Ticket{1} << 63U;

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
  std::string_view id = {};  // the whole ringpost-id, where it is not the Outbox's own with this sequence
};

// Why a record will never be delivered.
enum class DeadReason : std::uint8_t {
  kRefusedByBroker,  // the broker refused this record for good
  kUnknownTopic,     // the cluster says that there is no such topic
  kTimedOut,         // send_timeout passed before it was handed over
  kOutcomeUnknown,   // send_timeout passed after it was handed over: it may have arrived
};

struct DeadNotice {
  DeadReason reason = DeadReason::kTimedOut;
  int code = 0;             // librdkafka's; 0 where none
  std::string_view detail;  // for people; valid during the call
};

struct TopicFacts {
  enum class State : std::uint8_t { kUnasked, kExists, kMissing };
  State state = State::kUnasked;
  std::int32_t partition_count = 0;                // 0: not known
  std::optional<std::uint32_t> max_message_bytes;  // max.message.bytes, where DescribeConfigs was permitted
  bool compacted = false;                          // cleanup.policy holds "compact": null keys are refused
};

// Called on the thread that calls the Outbox, from within hand_over() and poll() only (topic_facts() from its constructor
// too; put_on_disk() from spill() and spill_all() too; sequence() from all of these, and from add()). It must not call the Outbox from there.
class RecordOwner {
 public:
  virtual ~RecordOwner() = default;

  // Fills `headers` (cleared by the callee) and returns a view that may point into it.
  virtual RecordView view(Ticket ticket, std::vector<Header>& headers) = 0;

  virtual void handed(Ticket ticket, std::int32_t partition) = 0;  // just before the record enters librdkafka
  virtual void delivered(Ticket ticket, std::int32_t partition, std::int64_t offset) = 0;
  // Final. After overdue() it means: it will not be acknowledged any more.
  virtual void dead(Ticket ticket, const DeadNotice& notice) = 0;
  // send_timeout has passed while the record was inside librdkafka: from now on it counts as dead, outcome unknown.
  // Exactly one of delivered() (which voids that) and dead() follows. Called once a record.
  virtual void overdue(Ticket ticket) = 0;
  virtual void topic_facts(std::string_view topic, const TopicFacts& facts) = 0;  // first known, or changed

  // The sequence of a record, or of a block's first live record.
  virtual std::uint64_t sequence(Ticket ticket) = 0;
  // Puts records, which follow each other in one queue, on disk. The block's ticket stands for them, theirs are no more.
  // nullopt: not now; all is as it was. `partition`: -1 where they have none yet.
  virtual std::optional<Ticket> put_on_disk(std::span<const Ticket> tickets, std::int32_t partition) = 0;

  // A record of a block, in memory again. The key need be valid only until the Outbox's next call of the owner.
  struct Returned {
    Ticket ticket = 0;
    std::optional<std::string_view> key;
    std::uint32_t size_bytes = 0;
    std::int64_t deadline_ns = 0;  // 0: none
    bool tried = false;            // it was handed over before
  };
  enum class BringBack : std::uint8_t { kDone, kLater };
  // A block's records, in order, into memory; the block is no more. It may give fewer than the block had (damaged ones,
  // which the owner has ended itself). kLater: not now (an error of the disk, no memory); asked again after a while.
  virtual BringBack bring_back(Ticket block, std::vector<Returned>& records) = 0;
};

}  // namespace ringpost::kafka
