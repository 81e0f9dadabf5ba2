// The Outbox's inside. Seven files fill it: outbox.cpp (its face, topics and look-ups), outbox_connection.cpp (which brokers are
// there, and what Kafka does not take), outbox_followers.cpp (partitions that wait for a follower), outbox_credentials.cpp (secrets and certificates that change),
// outbox_handover.cpp (queues to windows), outbox_reports.cpp (reports, and a producer's end) and outbox_blocks.cpp (to disk and
// back, and the ends of what waits: deadlines, missing topics).
//
//   add() ─▶ unassigned ─topic known─▶ queue of a partition ─window has room─▶ window ─acknowledged─▶ delivered
//            (unkeyed: partition at hand-over)  ▲                                │
//                                               └── its producer ended: in order ┘
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kafka/blocks.hpp"
#include "kafka/broker_probe.hpp"
#include "kafka/client_properties.hpp"
#include "kafka/cluster_view.hpp"
#include "kafka/credential_watch.hpp"
#include "kafka/outbox.hpp"
#include "kafka/producer.hpp"
#include "kafka/reaper.hpp"
#include "kafka/statistics.hpp"
#include "kafka/topic.hpp"
#include "kafka/topic_lookup.hpp"
#include "kafka/wakeup.hpp"

namespace ringpost::kafka {

std::int64_t monotonic_ns();

// A way to Kafka: one producer at a time, replaced when it ends.
//
//   no producer ─restart_at─▶ running ─first error─▶ ending (purged, reports come in) ─all in─▶ no producer
struct Route {
  std::optional<Producer> producer;
  bool ending = false;
  std::int64_t ending_since_ns = 0;
  std::int64_t restart_at_ns = 0;
  std::int64_t pause_ns = 0;  // before the next restart; 0 after one that got something done
  bool progress = false;      // since it was made: delivered, or found a culprit
  std::int64_t used_at_ns = 0;
  std::int64_t renewal_since_ns = 0;  // takes nothing more and makes room for one with new credentials; 0: no
};

class Outbox::Impl final : ProducerEvents, LookupAnswers {
 public:
  Impl(const OutboxConfig& config, RecordOwner& owner);
  ~Impl() override;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void add(const Addition& record);
  void add_block(const Block& block);
  std::uint64_t spill(std::string_view of_topic);
  void end_producers();
  bool spill_all();
  void hand_over();
  void poll();
  int event_fd() const { return wakeup_.fd(); }
  std::int64_t next_timer_ns() const { return timer_ns_ == kNever ? 0 : timer_ns_; }
  void confirm_topic(std::string_view name);
  const Connection& connection() const { return connection_; }
  OutboxCounts counts() const { return counts_; }

 private:
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };

  // outbox.cpp
  Topic& topic_of(std::string_view name);
  Topic* find_topic(std::string_view name);
  void activate(Topic& topic);
  void step_lookups(std::int64_t now_ns);
  std::int64_t ask_at_ns() const;
  void ask_due_topics(std::int64_t now_ns);
  void forget_a_missing_topic();
  void tell(const Topic& topic);
  void plan_next_ask(const Topic& topic);
  void on_topic_exists(const std::string& name, std::vector<Replicas> partitions) override;
  void on_topic_missing(const std::string& name) override;
  void on_topic_refused(const std::string& name, int code) override;
  void on_topic_unanswered(const std::string& name, const std::string& why) override;
  void on_topic_config(const std::string& name, const TopicConfig& config) override;
  void on_configs_unanswered(const std::string& why) override;

  // outbox_connection.cpp
  void on_statistics(std::string_view json) override;
  void take_probes(std::int64_t now_ns);
  void judge_connection(std::int64_t now_ns);
  void tell_unreachable();
  void mark_connected();
  void mark_disconnected(std::int64_t now_ns);
  void on_cluster_answered(const BrokerAddresses& brokers) override;
  void on_cluster_silent() override;
  void note_trouble(Trouble trouble, std::uint64_t producer);
  void note_trouble(const Topic& topic, int code);
  void on_error(int code, const std::string& text, bool fatal) override;
  void on_log(std::string_view facility, std::string_view text) override;

  // outbox_followers.cpp
  void step_followers(std::int64_t now_ns);
  void ask_for_replicas(std::int64_t now_ns);
  void watch_followers();
  using Placed = std::vector<std::pair<Topic*, Partition*>>;
  static std::vector<Producer::PartitionName> names_of(const Placed& partitions);
  bool can_resume(const Topic& topic, const Partition& partition, std::int64_t now_ns) const;
  void resume_those_that_can(std::int64_t now_ns);
  void resume_all(Topic& topic);
  void resume(const Placed& partitions);
  bool any_paused() const;
  void free_others(std::int32_t leader, std::int64_t now_ns);
  bool waits_in_vain(const Replicas& replicas) const;
  std::string describe_paused() const;  // after describe_silent(); empty: none is

  // outbox_handover.cpp
  void hand_over_topic(Topic& topic, std::int64_t now_ns);
  void feed(Topic& topic, Partition& partition, std::int64_t now_ns);
  void feed_unkeyed(Topic& topic, std::int64_t now_ns);
  std::uint32_t window_share_bytes() const;
  bool may_enter(Topic& topic, Partition& partition, const Entry& entry, std::int64_t now_ns);
  Partition* open_partition(Topic& topic, const Entry& entry,
                            std::int64_t now_ns);  // for a null key; null: none
  RecordView record_of(const Topic& topic, const Entry& entry);
  bool enter(Topic& topic, Partition& partition, Entry entry, std::int64_t now_ns);  // false: it did not
  Route* open_route(Topic& topic, Partition& partition, std::int64_t now_ns);
  void wake_at(std::int64_t time_ns) { timer_ns_ = time_ns < timer_ns_ ? time_ns : timer_ns_; }

  // outbox_blocks.cpp
  static constexpr std::int64_t kWindowsPauseNs = 50'000'000;
  struct QueueRef {
    EntryQueue* queue = nullptr;
    Partition* partition = nullptr;  // null: its records have none yet
  };
  std::vector<QueueRef> queues_of(Topic& topic);
  void place(Topic& topic, std::int64_t now_ns);
  void place_anew(Topic& topic, std::int64_t now_ns);
  bool bring_back(Topic& topic, const QueueRef& ref, std::size_t index);  // false: not now
  bool bring_front(Topic& topic, Partition& partition, std::int64_t now_ns);
  bool bring_front_unkeyed(Topic& topic, std::int64_t now_ns);
  void expire(Topic& topic, std::int64_t now_ns);
  void expire(Topic& topic, const QueueRef& ref, int& budget, std::int64_t now_ns);
  void bring_due(Topic& topic, const QueueRef& ref, int& budget, std::int64_t now_ns);
  std::int64_t windows_due_ns() const {
    return windows_earliest_ns_ == kNever
               ? kNever
               : std::max(windows_earliest_ns_, windows_seen_ns_ + kWindowsPauseNs);
  }
  void pass_deadlines(std::int64_t now_ns);
  void end_queued(Topic& topic, const DeadNotice& notice, std::int64_t now_ns);
  bool end_queue(Topic& topic, const QueueRef& ref, const DeadNotice& notice, int& budget,
                 std::int64_t now_ns);
  void bury(Topic& topic, const QueueRef& ref, const Entry& entry,
            const DeadNotice& notice);  // one that is queued
  void end_overdue(Topic& topic, const std::vector<Entry>& overdue);
  struct Spillable {
    QueueRef ref;
    Run run;
  };
  // A run of the longest queue that has one and may give it. `all`: also what is fixed.
  Spillable longest_spillable(std::string_view of_topic, bool all);
  struct Spilled {
    std::uint64_t cost_bytes = 0;
    bool refused = false;
  };
  Spilled spill_queue(const QueueRef& ref, std::uint64_t max_bytes);
  bool put_on_disk(const QueueRef& ref, const Run& run);

  // outbox_credentials.cpp
  void set_credentials();
  void step_credentials(std::int64_t now_ns);
  void renew_producers(bool password_alone, std::int64_t now_ns);
  void step_renewal(Route& route, std::int64_t now_ns);
  std::string with_credentials_problem(const std::string& complaint) const;

  // outbox_reports.cpp
  void poll_producers();
  void on_report(const Report& report) override;
  void on_delivered(Topic& topic, Partition& partition, Entry& entry, const Report& report);
  void on_refused(Topic& topic, Partition& partition, Entry& entry, int code);
  void hold(Topic& topic, std::int64_t now_ns);
  void on_given_up(Topic& topic, int code);
  void end_producer(Route& route);
  void step_routes(std::int64_t now_ns);
  void replace_producer(Route& route, std::int64_t now_ns);
  void return_windows(RouteId id);
  bool start_producer(Route& route, std::int64_t now_ns);
  Route& route(RouteId id) { return routes_[static_cast<std::size_t>(id)]; }
  RouteId id_of(const Route& route) const { return static_cast<RouteId>(&route - routes_.data()); }

  RecordOwner& owner_;
  Wakeup wakeup_;  // before all that writes to it
  Blocks blocks_;
  std::string id_prefix_;
  std::uint64_t windows_max_bytes_;
  const ClientIdentity identity_;
  const std::chrono::milliseconds linger_;
  CredentialWatch credentials_;
  std::array<Properties, 2> properties_;  // of each route
  std::uint32_t batch_bytes_ = 0;
  Reaper reaper_;  // before all that retires into it
  TopicLookup lookup_;
  BrokerProbes probes_;
  std::array<Route, 2> routes_;
  Route* polled_ = nullptr;  // whose events are being taken

  std::unordered_map<std::string, std::unique_ptr<Topic>, NameHash, std::equal_to<>> topics_;
  Topic* last_topic_ = nullptr;   // of the latest add(): most often the next one's too
  std::vector<Topic*> active_;    // those with queued records
  std::int64_t next_ask_ns_ = 0;  // the soonest look-up
  std::int64_t asked_ns_ = 0;
  std::int64_t next_probe_ns_ = 0;
  bool probe_wanted_ = true;  // nothing is known of any broker: is the cluster there?
  std::vector<std::string> configs_due_;
  std::int64_t configs_from_ns_ = 0;  // not asked for before
  std::vector<std::string> retell_;   // confirm_topic() of what is known
  bool unkeyed_first_ = false;
  bool inheriting_ = true;  // before the first hand_over()
  bool stopping_ = false;
  std::int64_t windows_earliest_ns_ = kNever;  // no deadline inside a window is earlier
  std::int64_t windows_seen_ns_ = 0;

  StatisticsReader statistics_;
  std::vector<BrokerReading> readings_;  // of the main producer, half a second ago at the most
  ClusterView brokers_;
  bool followers_due_ = false;  // something new is known
  BrokerAddresses addresses_;   // by the latest look-up
  std::int64_t replicas_asked_ns_ = 0;
  std::int64_t alive_ns_ = 0;  // a broker was known to answer
  Connection connection_;
  OutboxCounts counts_;
  std::int64_t timer_ns_ = kNever;
  std::vector<Header> headers_;  // of the record that is being handed over
  std::string published_;        // one of its headers, where it does not go with that time
  std::string id_;
};

}  // namespace ringpost::kafka
