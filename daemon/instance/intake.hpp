// From the lanes into the arena: owns an instance's lanes, and does for each round what makes a record
// accepted.
//
//     lanes ──Drain: in order──▶ check ──▶ arena.append ──▶ outbox.add
//                                             │ all of the round
//                                             ▼
//                                        arena.commit ──▶ journal ──▶ board: the lanes may be written again
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/instance/arena.hpp"
#include "daemon/instance/burial.hpp"
#include "daemon/instance/disk.hpp"
#include "daemon/instance/drain.hpp"
#include "daemon/instance/journal.hpp"
#include "daemon/instance/topics.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {

// Why what waits may not go to Kafka any more: its instance or its topic is not configured.
CauseOfDeath taken_away(const InstanceConfig& config);

class Intake {
 public:
  struct Parts {
    Arena& arena;
    Topics& topics;
    Burial& burial;
    kafka::Outbox& outbox;
  };
  Intake(const InstanceConfig& config, Parts parts, Journal journal = Journal());

  // A lane of a dead daemon's, which goes on where that one had come to. Before the first round. Throws
  // std::runtime_error when it can't be mapped.
  void adopt_lane(std::shared_ptr<Client> client, const Journal::Left& left, const ipc::Descriptor& memory);
  // Takes out of the journal what has no memory any more.
  void forget_lane(const Journal::Left& left) { journal_.forget(left.entry); }
  // Settles the records that a dead daemon has left in arena and spool: into the queues, in one order, or to the dead
  // letters. Blocks of topics that are not listed any more are given back.
  std::vector<Spool::Ticket> requeue_left(const Disk& disk);
  const Journal& journal() const { return journal_; }

  // From now on the lane is part of every cut. False: there is no memory or no room for another.
  bool open_lane(std::shared_ptr<Client> client, std::uint64_t lane_id, std::uint32_t slot,
                 const ipc::Descriptor& memory, std::size_t capacity_bytes);
  // Its lanes are drained to their ends and then forgotten; then `done` is called.
  void client_gone(std::uint64_t client_id, std::function<void()> done);

  // The same for a lane that its client does not have.
  void abandon_lane(std::uint64_t lane_id) { abandoned_.insert(lane_id); }

  // What this client's lanes get from now on, beyond what was inherited, is not accepted for Kafka.
  void revoke(std::uint64_t client_id) { revoked_.insert(client_id); }

  DrainResult round();

  // Clients whose memory turned out malformed since the last call, and why.
  struct Malformed {
    std::uint64_t client_id = 0;
    std::string why;
  };
  std::vector<Malformed> take_malformed();

  bool has_unseen();             // looks at every tail: is there something that no round has taken?
  bool lanes_are_empty() const;  // as of the last look
  std::uint64_t waiting_in_lanes() const;
  std::uint64_t count_lanes_again() const;  // the same, from the lanes' own memory alone
  std::uint64_t lane_count() const { return feeds_.size(); }
  std::uint64_t lane_bytes() const;
  std::uint64_t waiting_bytes() const;  // in the lanes, as of the last look
  std::uint64_t client_count() const;
  // What the client of this lane calls itself; empty: the lane is gone.
  std::string client_name_of(std::uint64_t lane_id) const;
  std::uint64_t malformed_lanes() const { return malformed_lanes_; }
  // Since the start, by code index.
  std::array<std::uint64_t, ipc::kRefusedCodes> refused_untrusted() const;

 private:
  bool accept(LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes);
  // Why this record may not go to Kafka whatever its client thought; nullopt: it may.
  using Verdict = std::optional<CauseOfDeath>;
  Verdict check(const ipc::RecordView& record, const Topics::Rule& rule, bool inherited) const;
  void queue(Arena::Ticket ticket, const ipc::RecordView& record, std::int64_t deadline_ns, bool tried);
  void requeue(Arena::Ticket ticket);
  void note_beyond_share(LaneFeed& feed, std::size_t record_bytes);
  Verdict refuse_revoked(LaneFeed& feed, std::size_t record_bytes);
  void release_lanes();
  void note_malformed();
  void forget_finished();

  const InstanceConfig& config_;
  Parts parts_;
  Journal journal_;
  Drain drain_;
  std::vector<std::unique_ptr<LaneFeed>>& feeds_;
  struct LaneBooks {
    std::uint32_t journal_entry = 0;
    std::uint64_t released = 0;
    bool reported = false;  // as malformed
    // Records of topics that are at their share, since the last time that one was marked so.
    std::uint64_t beyond_share_bytes = 0;
    std::uint64_t markings = 0;
    std::uint64_t revoked_bytes = 0;
  };
  std::unordered_map<std::uint64_t, LaneBooks> books_;  // by lane id
  std::unordered_map<std::uint64_t, std::function<void()>>
      going_;  // clients that are gone, until their lanes are empty

  std::unordered_set<std::uint64_t> abandoned_;  // lanes
  std::unordered_set<std::uint64_t> revoked_;    // clients

  // Records that were appended in this round and must not be produced.
  struct Buried {
    Arena::Ticket ticket;
    CauseOfDeath cause;
  };
  std::vector<Buried> buried_;
  std::int64_t realtime_offset_ns_ = 0;  // CLOCK_REALTIME - CLOCK_MONOTONIC, as of this round
  std::vector<Malformed> malformed_;
  std::uint64_t malformed_lanes_ = 0;
  std::array<std::uint64_t, ipc::kRefusedCodes> refused_before_{};  // of lanes that are forgotten
};

}  // namespace ringpost::daemon
