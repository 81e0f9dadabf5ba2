// The instance's thread: every part of one instance, and the one loop that moves them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "daemon/instance/arena.hpp"
#include "daemon/instance/audit.hpp"
#include "daemon/instance/burial.hpp"
#include "daemon/instance/connection_log.hpp"
#include "daemon/instance/delivery.hpp"
#include "daemon/instance/disk.hpp"
#include "daemon/instance/inheritance.hpp"
#include "daemon/instance/instance.hpp"
#include "daemon/instance/intake.hpp"
#include "daemon/instance/overflow.hpp"
#include "daemon/instance/replays.hpp"
#include "daemon/instance/sleeper.hpp"
#include "daemon/instance/topics.hpp"
#include "daemon/instance/waiting_records.hpp"
#include "kafka/embedded_cluster.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {

inline constexpr std::int64_t kNsPerMs = 1'000'000;

class Instance::Loop {
 public:
  // The arena is new, or what a dead daemon has left.
  Loop(const InstanceConfig& config, InstanceEvents events, Arena arena, Disk disk, Inheritance& inheritance);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  const InstanceConfig& config() const { return config_; }
  const ipc::Descriptor& board_memory() const { return board_.memory(); }
  const ipc::Descriptor& arena_memory() const { return arena_.memory(); }
  const ipc::Descriptor& journal_memory() const { return intake_.journal().memory(); }
  const std::vector<AdoptedLane>& adopted_lanes() const { return adopted_lanes_; }
  std::uint64_t largest_lane_id() const { return largest_lane_id_; }

  void start();
  using Request = std::function<void(Loop&)>;
  void ask(Request request);  // from any thread; in order

  // On the loop's thread, by requests.
  void open_channel(std::uint64_t client_id, ipc::Descriptor doorbell);
  Intake& intake() { return intake_; }
  void confirm(std::uint64_t client_id) { unconfirmed_.erase(client_id); }
  void forget_client(std::uint64_t client_id);
  InstanceStatus read_status();
  InstanceAudit audit();
  std::vector<ipc::LetterResult> decide_letters(ipc::LetterAction action,
                                                std::span<const ipc::LetterName> letters);
  void begin_stop(StopRequest request);

 private:
  void adopt(Inheritance& inheritance);
  void run();
  void run_requests();
  void tell_malformed();
  std::string client_name_of(kafka::Ticket ticket) const;
  // loop_disk.cpp
  void step_disk();
  void make_room(std::int64_t now_ns);
  std::vector<std::string_view> names_at_share() const;
  std::uint64_t spill_at_share(std::span<const std::string_view> topics, std::int64_t now_ns);
  void end_unlisted_blocks(std::int64_t now_ns);
  bool rests_on_disk() const;
  // loop_status.cpp
  void count_events(InstanceStatus& status) const;
  void describe_disk(InstanceStatus::OnDisk& disk) const;
  void describe_topics(InstanceStatus& status) const;
  void update_board();
  ipc::Admission admission_by(const kafka::Connection& connection) const;
  // loop_audit.cpp
  void audit_arena(std::vector<AuditLine>& lines) const;
  void audit_disk(InstanceAudit& audit);
  std::uint64_t unlisted_records() const;
  // loop_stop.cpp
  bool is_finished();
  bool has_come_back(std::int64_t now_ns);
  bool stalls(std::int64_t now_ns);
  bool put_away(std::int64_t now_ns);
  void rest(const DrainResult& drained);

  const InstanceConfig config_;
  const InstanceEvents events_;
  const bool several_topics_;  // or patterns: then the arena is shared out
  std::unique_ptr<kafka::EmbeddedCluster> embedded_;
  ipc::InstanceBoardWriter board_;
  Arena arena_;
  Disk disk_;
  Topics topics_;
  WaitingRecords records_;
  Burial burial_;
  Overflow overflow_;
  Replays replays_;
  Delivery delivery_;
  kafka::Outbox outbox_;
  Intake intake_;
  Sleeper sleeper_;
  std::string brokers_;
  ConnectionLog connection_log_;

  std::mutex requests_mutex_;
  std::vector<Request> requests_;

  std::int64_t last_traffic_ns_ = 0;
  std::vector<AdoptedLane> adopted_lanes_;
  std::uint64_t largest_lane_id_ = 0;  // that a lane or a record of a dead daemon has
  // Clients of a dead daemon that may still look at its boards: they would not see this one's doorbell armed.
  std::unordered_set<std::uint64_t> unconfirmed_;
  std::vector<Spool::Ticket> unlisted_blocks_;  // of topics that are not on the list any more
  std::int64_t next_tidy_ns_ = 0;
  bool short_of_room_ = false;  // fewer than half of the chunks are free
  std::optional<StopRequest> stop_;
  bool putting_away_ = false;  // after stop_timeout: what is left goes to the disk
  std::int64_t put_away_until_ns_ = 0;
  std::int64_t stop_not_before_ns_ = 0;
  std::uint64_t ended_at_stop_ = 0;  // records, when the last of them did
  std::int64_t ended_ns_ = 0;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace ringpost::daemon
