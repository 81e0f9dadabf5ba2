// One instance's way to Kafka: a queue for each partition, a bounded window of each inside librdkafka, and a
// producer that is re-created after a fatal error with its windows sent again in order. Single-threaded: one
// thread calls it all.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/records.hpp"
#include "kafka/troubles.hpp"

namespace ringpost::kafka {

struct OutboxConfig {
  std::string instance;  // for logs and client.id
  std::string bootstrap_servers;
  std::map<std::string, std::string> properties;  // librdkafka pass-through, e.g. security.protocol
  std::map<std::string, std::string> secret_files =
      {};                           // by property, e.g. sasl.password; looked at again and again
  std::vector<std::string> topics;  // configured names without patterns: looked up at start
  std::string id_prefix;            // ringpost-id is "<id_prefix>-<sequence>"; empty: no such header
  std::chrono::milliseconds linger{5};
  bool ever_connected = false;  // by a predecessor whose records these are
  // Of all windows together; what is inside can't go to disk. 0: no limit but that of each partition.
  std::uint64_t windows_max_bytes = 0;
};

struct Connection {
  bool ever_connected = false;  // to one of the configured brokers
  bool connected = false;       // at least one broker answers
  // While connected: the cluster's brokers that do not answer, and why; empty: all do, as far as is known.
  std::string unreachable;
  std::int64_t disconnected_since_ns = 0;  // CLOCK_MONOTONIC; meaningful while !connected
  std::string last_error;                  // of librdkafka, for people
  Troubles troubles;                       // while it is connected, too
  std::string
      credentials_problem;  // why what a secret's or certificate's file holds now is not used; empty: it is
  std::uint64_t credentials_taken = 0;  // how often another one was
};

struct OutboxCounts {
  std::uint64_t queued = 0;     // added, not in a window
  std::uint64_t in_flight = 0;  // inside librdkafka
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t producers_created = 0;
};

class Outbox {
 public:
  // Throws std::invalid_argument when librdkafka refuses a property (names it and says what librdkafka said), and
  // std::runtime_error for a secret's file that can't be read.
  Outbox(const OutboxConfig& config, RecordOwner& owner);
  ~Outbox();  // purges what is in flight without reports; may wait for librdkafka's threads
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  struct Addition {
    Ticket ticket = 0;
    std::string_view topic;               // copied when new
    std::optional<std::string_view> key;  // hashed at once, not kept
    std::uint32_t size_bytes = 0;         // key + headers + message
    std::int64_t deadline_ns = 0;         // CLOCK_MONOTONIC; 0: none
    bool tried = false;                   // a predecessor handed it over: it may have arrived
  };
  void add(const Addition& record);  // in sequence order; never blocks, never reports

  // Records on disk that a predecessor has left.
  struct Block {
    Ticket ticket = 0;             // with kFromDisk
    std::string_view topic;        // copied when new
    bool keyed = true;             // a block's records all have keys, or none has
    std::uint32_t records = 0;     // at least one
    std::int64_t deadline_ns = 0;  // the soonest of them; 0: none
  };
  // In one order with add(): by the sequence of its first record. All that a predecessor has left is added before the
  // first hand_over(): what stands among its blocks is not put on disk again before it has a partition.
  void add_block(const Block& block);

  void hand_over();      // moves queued records into windows that have room; ends records past their deadline
  void poll();           // takes every report, statistic and error that waits; then call hand_over()
  int event_fd() const;  // readable (edge-triggered) when poll() has work
  // The soonest time (CLOCK_MONOTONIC, ns) at which hand_over() must be called again without an event. 0: none.
  std::int64_t next_timer_ns() const;

  // Puts the oldest run of records (kRunBytes, kRunRecords) of the longest queue that may be spilled on disk: one that had
  // something to send for kStuckNs and got nothing done, or that has a block already. Returns its bytes; 0: there is
  // nothing to spill, or the owner said no.
  // Of keys, headers and messages, and 128 for each record.
  static constexpr std::uint64_t kRunBytes = std::uint64_t{256} * 1024;
  static constexpr std::size_t kRunRecords = 4096;
  static constexpr std::int64_t kStuckNs = 1'000'000'000;
  // `of_topic`: of this topic's queues, whatever their state.
  std::uint64_t spill(std::string_view of_topic = {});
  // For a stop. No producer is started any more; what is inside comes back within seconds of poll() and hand_over().
  void end_producers();
  // When nothing is in flight any more: puts everything on disk that is in the owner's memory, whatever its queue's
  // state. False: the owner has refused some.
  bool spill_all();

  // Looks up a name that only a pattern allows; the answer comes by topic_facts().
  void confirm_topic(std::string_view topic);
  const Connection& connection() const;  // changes with the next call
  OutboxCounts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Kafka's name of a code, or librdkafka's where it is one of its own: "TOPIC_AUTHORIZATION_FAILED", "_TIMED_OUT"; empty for 0.
std::string_view error_name(int code);

// librdkafka's version, e.g. "2.14.2".
std::string librdkafka_version();

}  // namespace ringpost::kafka
