// One configured Kafka instance and its thread: drains its lanes into the arena, queues by partition,
// produces, takes delivery reports, releases. No locks between instances; what others want done comes as a
// request through a queue.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/instance/audit.hpp"
#include "daemon/instance/client.hpp"
#include "daemon/instance/disk_config.hpp"
#include "daemon/instance/inheritance.hpp"
#include "ipc/descriptor.hpp"
#include "ipc/frames.hpp"

namespace ringpost::daemon {

// One reading, taken at one instant on the instance's thread: accepted == delivered + waiting + dead_letters,
// always.
struct InstanceStatus {
  std::string name;
  std::string brokers;  // what a consumer may bootstrap from
  bool enabled = true;
  bool removed = false;  // not configured any more
  bool connected = false;
  bool ever_connected = false;
  std::int64_t disconnected_for_ms = 0;  // while not connected
  std::string last_error;
  std::string unreachable;  // while connected: which brokers do not answer, and why; empty: all do
  std::string trouble;
  std::string credentials_problem;  // why what is in their files is not used; empty: it is
  std::uint64_t clients = 0;
  std::uint64_t lanes = 0;
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t waiting = 0;  // waiting_in_lanes + waiting_in_arena + waiting_on_disk
  std::uint64_t waiting_in_lanes = 0;
  std::uint64_t waiting_in_arena = 0;
  std::uint64_t waiting_on_disk = 0;
  std::uint64_t in_flight = 0;  // of these inside librdkafka; overdue ones, which count as dead letters, too
  std::uint64_t dead_letters = 0;
  std::uint64_t missing_on_disk =
      0;  // of dead_letters: the spool had them, and its files are damaged or were taken away
  std::map<std::string, std::uint64_t> dead_letters_by_reason;
  std::map<std::string, std::uint64_t> refused;  // by code name, as the clients count it
  std::int64_t oldest_waiting_ms = 0;
  std::uint64_t buffer_bytes = 0;
  std::uint64_t buffer_used_bytes = 0;
  std::uint64_t lane_bytes = 0;
  std::uint64_t malformed_lanes = 0;
  std::uint64_t producers_created = 0;
  struct OnDisk {
    std::string state;    // "ok", "failing", "none": there is no state_dir that can be used
    std::string problem;  // for people; empty: none
    std::uint64_t spool_bytes = 0;
    std::uint64_t spool_max_bytes = 0;
    std::uint64_t damaged = 0;       // records that could not be read back, since the start
    std::uint64_t letters_kept = 0;  // neither voided, replayed nor purged
    std::uint64_t letters_bytes = 0;
    std::uint64_t letters_removed = 0;    // by size or age, since the start
    std::uint64_t letters_unwritten = 0;  // still to be written: these count as waiting
  };
  OnDisk disk;
  struct Topic {
    std::string name;   // empty: of all that have no book of their own
    std::string state;  // "exists", "missing", "unasked"; empty where the cluster was not asked
    std::int32_t partitions = 0;
    // Without what lies in the lanes.
    std::uint64_t accepted = 0;
    std::uint64_t delivered = 0;
    std::uint64_t waiting = 0;
    std::uint64_t dead_letters = 0;
    std::uint64_t buffer_used_bytes = 0;  // of chunks that it pins, alone or with others
    bool full = false;                    // at its share: its calls get BUFFER_FULL
  };
  std::vector<Topic> topics;
};

// What an instance tells the control thread. Called on the instance's thread: post it on, don't work there.
struct InstanceEvents {
  // This client's memory was malformed; nothing more is read from it here.
  std::function<void(std::uint64_t client_id, const std::string& why)> client_malformed;
};

// Drains what is in the lanes (unless a successor will) and delivers what the brokers will take until `deadline_ns`
// (CLOCK_MONOTONIC); then the thread ends. `done` gets the last reading: what it shows as waiting is left undelivered.
struct StopRequest {
  std::int64_t deadline_ns = 0;
  bool leave_lanes = false;
  // With leave_lanes: this process goes on at once. Only what is inside librdkafka is waited for, which would be sent again;
  // everything else stays where it is.
  bool begins_anew = false;
  std::function<void(const InstanceStatus&)> done;
};

class Instance {
 public:
  // Goes on with what a dead daemon has left, if it has. Throws std::invalid_argument when librdkafka refuses a
  // property, std::runtime_error when what was left is damaged or of another version: it is left as it is, then.
  Instance(const InstanceConfig& config, InstanceEvents events, Inheritance inheritance = {},
           const DiskConfig& disk = {});
  ~Instance();  // stops without waiting for delivery, if stop() was not called
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  const InstanceConfig& config() const;
  const ipc::Descriptor& board_memory() const;  // never changes

  // For the keeper, before start().
  const ipc::Descriptor& arena_memory() const;
  const ipc::Descriptor& journal_memory() const;
  const std::vector<AdoptedLane>& adopted_lanes() const;
  std::uint64_t largest_lane_id() const;  // that a dead daemon gave, and that may not be given again

  // Starts the thread; nothing is drained and nothing produced before.
  void start();

  // The requests: from any thread; done on the instance's thread, in the order of asking; `done` is called
  // there.

  // Watches a channel's doorbell from now on. The descriptor is the instance's own.
  void open_channel(std::shared_ptr<Client> client, ipc::Descriptor doorbell);
  // Registers a lane; once `registered(true)` is called it is part of every cut, and its descriptor may go to
  // the client. `registered(false)`: there is no room for another lane.
  void open_lane(std::shared_ptr<Client> client, std::uint64_t lane_id, std::uint32_t slot,
                 const ipc::Descriptor& memory, std::function<void(bool)> registered);
  // The client's connection is at its end: its lanes are read once more, drained to their ends, and
  // forgotten. `done` follows when the last record of them is in the arena.
  void client_gone(std::uint64_t client_id, std::function<void()> done);
  // A lane that its client does not have: drained to its end, and forgotten.
  void abandon_lane(std::uint64_t lane_id);
  // This client may not use the instance any more: what it had published before is delivered, what it publishes until it
  // knows ends as a dead letter ("denied").
  void revoke(std::uint64_t client_id);
  // No publisher of this client looks at a dead daemon's boards any more.
  void confirm(std::uint64_t client_id);
  void status(std::function<void(const InstanceStatus&)> done);
  void audit(std::function<void(const InstanceAudit&)> done);
  // Decides what becomes of dead letters; a result for each of them.
  using LettersDone = std::function<void(const std::vector<ipc::LetterResult>&)>;
  void decide_letters(ipc::LetterAction action, std::vector<ipc::LetterName> letters, LettersDone done);
  void stop(StopRequest request);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace ringpost::daemon
