#include "daemon/instance/loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#define RINGPOST_NO_HANDLE_NAME  // `ringpost` is the namespace here
#include "client-lib/ringpost.h"
#include "daemon/config/log.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

// After so long without a record the thread sleeps behind the doorbell instead of napping.
constexpr std::int64_t kQuietNs = 1'000 * kNsPerMs;

// A nap lets records gather; the producer's linger hides it. Under a flood it must not let a lane fill
// meanwhile.
constexpr std::chrono::microseconds kNap{1'000};
constexpr std::chrono::microseconds kNapUnderFlood{100};
constexpr std::size_t kFloodBytes = 256u << 10;

// While the buffer is full only a report can make room: naps are long, and reports end them.
constexpr std::chrono::microseconds kNapWithoutRoom{20'000};

// While a publisher may look at a dead daemon's board the doorbell can't be armed.
constexpr std::chrono::microseconds kNapWithOldBoards{10'000};

// Where a successor goes on with what waits, a stop waits for reports as long as they come: what is in flight then would
// be sent twice. For so long none came: the broker is away.
constexpr std::int64_t kStallNs = 2'000 * kNsPerMs;

// A publish that passed its checks just before the boards said "stopping" gets so long to store its tail.
constexpr std::int64_t kSettleNs = 50 * kNsPerMs;

std::string join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : ",") + part;
  return joined;
}

std::vector<std::string> exact_names(const std::vector<std::string>& topics) {
  std::vector<std::string> names;
  std::copy_if(topics.begin(), topics.end(), std::back_inserter(names),
               [](const auto& topic) { return !topic.ends_with('*'); });
  return names;
}

bool has_several_topics(const InstanceConfig& config) {
  return config.topics.size() > 1 || exact_names(config.topics).empty();
}

std::unique_ptr<kafka::EmbeddedCluster> embedded_cluster_of(const InstanceConfig& config) {
  if (!config.embedded) return nullptr;
  std::vector<kafka::EmbeddedTopic> topics;
  for (const std::string& name : exact_names(config.topics))
    topics.push_back({name, config.embedded_partitions});
  return std::make_unique<kafka::EmbeddedCluster>(topics);
}

kafka::OutboxConfig outbox_config(const InstanceConfig& config, const std::string& brokers,
                                  const Arena& arena) {
  kafka::OutboxConfig outbox;
  outbox.instance = config.name;
  outbox.bootstrap_servers = brokers;
  outbox.properties = config.librdkafka;
  outbox.topics = exact_names(config.topics);
  outbox.id_prefix = config.event_id ? arena.id() : "";
  outbox.ever_connected = arena.ever_connected();
  outbox.linger = config.linger;
  return outbox;
}

std::string_view name_of(kafka::TopicFacts::State state) {
  switch (state) {
    case kafka::TopicFacts::State::kUnasked:
      return "unasked";
    case kafka::TopicFacts::State::kExists:
      return "exists";
    case kafka::TopicFacts::State::kMissing:
      return "missing";
  }
  return "unknown";
}

}  // namespace

Instance::Loop::Loop(const InstanceConfig& config, InstanceEvents events, Arena arena,
                     Inheritance& inheritance)
    : config_(config),
      events_(std::move(events)),
      several_topics_(has_several_topics(config_)),
      embedded_(embedded_cluster_of(config_)),
      board_(config_.name),
      arena_(std::move(arena)),
      topics_(config_, board_, arena_),
      delivery_(config_.name, arena_, topics_),
      outbox_(
          outbox_config(config_, embedded_ ? embedded_->bootstrap_servers() : join(config_.brokers), arena_),
          delivery_),
      intake_(config_, {arena_, topics_, delivery_, outbox_},
              inheritance.journal ? Journal(std::move(inheritance.journal)) : Journal()),
      sleeper_(board_.board().doorbell_armed),
      brokers_(embedded_ ? embedded_->bootstrap_servers() : join(config_.brokers)) {
  board_.board().buffer_bytes.store(arena_.buffer_bytes(), std::memory_order_relaxed);
  board_.board().max_event_bytes.store(config_.max_event_size_bytes, std::memory_order_relaxed);
  sleeper_.watch_reports(outbox_.event_fd());
  adopt(inheritance);
  update_board();
}

// All lanes are part of the first cut, and what the arena holds is queued before what they hold.
void Instance::Loop::adopt(Inheritance& inheritance) {
  largest_lane_id_ = arena_.largest_lane_id();
  for (const Journal::Left& left : intake_.journal().left()) {
    largest_lane_id_ = std::max(largest_lane_id_, left.lane.lane_id);
    const auto memory = inheritance.lanes.find(left.lane.lane_id);
    if (memory == inheritance.lanes.end()) {
      spdlog::error("instance {}: lane {} of client {} is not with the keeper: what lay in it is lost",
                    config_.name, left.lane.lane_id, left.lane.client_id);
      intake_.forget_lane(left);
      continue;
    }
    intake_.adopt_lane(inheritance.client_of(left.lane.client_id), left, memory->second);
    adopted_lanes_.push_back(
        {left.lane.lane_id, left.lane.client_id, left.lane.capacity_bytes, left.lane.slot});
    unconfirmed_.insert(left.lane.client_id);
  }
  for (auto& [client_id, doorbell] : inheritance.doorbells)
    sleeper_.watch_doorbell(client_id, std::move(doorbell));
  intake_.requeue_left();
}

void Instance::Loop::start() {
  last_traffic_ns_ = ipc::monotonic_ns();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), config_.name.substr(0, 15).c_str());
    run();
  });
}

Instance::Loop::~Loop() {
  if (!thread_.joinable()) return;
  ask([](Loop& loop) { loop.begin_stop({ipc::monotonic_ns(), false, nullptr}); });
  thread_.join();
}

void Instance::Loop::ask(Request request) {
  {
    const std::lock_guard lock(requests_mutex_);
    requests_.push_back(std::move(request));
  }
  sleeper_.wake();
}

void Instance::Loop::run() {
  while (!is_finished()) {
    // Before the round: what is registered here is part of this round's cut.
    run_requests();
    const DrainResult drained = stop_ && stop_->leave_lanes ? DrainResult{} : intake_.round();
    outbox_.hand_over();
    outbox_.poll();
    tell_malformed();
    update_board();
    rest(drained);
  }
  if (stop_->done) stop_->done(read_status());
}

void Instance::Loop::run_requests() {
  std::vector<Request> requests;
  {
    const std::lock_guard lock(requests_mutex_);
    requests.swap(requests_);
  }
  for (const Request& request : requests) request(*this);
}

void Instance::Loop::tell_malformed() {
  for (const Intake::Malformed& malformed : intake_.take_malformed()) {
    events_.client_malformed(malformed.client_id, malformed.why);
  }
}

void Instance::Loop::update_board() {
  const kafka::Connection connection = outbox_.connection();
  ipc::InstanceBoard& board = board_.board();
  board.connected.store(connection.connected ? 1 : 0, std::memory_order_relaxed);  // all read by each publish
  board.disconnected_since_ns.store(connection.disconnected_since_ns, std::memory_order_relaxed);
  board.waiting_events.store(arena_.waiting(), std::memory_order_relaxed);
  board.buffer_used_bytes.store(arena_.used_bytes(), std::memory_order_relaxed);
  if (connection.ever_connected && !arena_.ever_connected()) arena_.note_connected();
  topics_.mark_full(Shares(arena_, intake_.waiting_bytes(), several_topics_));

  const ipc::Admission admission = admission_by(connection);
  board.admission.store(static_cast<std::uint32_t>(admission), std::memory_order_relaxed);
}

ipc::Admission Instance::Loop::admission_by(const kafka::Connection& connection) const {
  if (!config_.enabled) return ipc::Admission::kDisabled;
  // Before the first connection whatever the policy: a wrong address should show at once.
  if (!connection.ever_connected) return ipc::Admission::kNotConnected;
  if (connection.connected || config_.when_disconnected == WhenDisconnected::kBuffer)
    return ipc::Admission::kAccept;
  const std::int64_t disconnected_ns = ipc::monotonic_ns() - connection.disconnected_since_ns;
  const bool too_long = disconnected_ns > std::chrono::nanoseconds(config_.reject_after).count();
  return too_long ? ipc::Admission::kNotConnected : ipc::Admission::kAccept;
}

bool Instance::Loop::is_finished() {
  if (!stop_) return false;
  const std::int64_t now_ns = ipc::monotonic_ns();
  const bool lanes_done = stop_->leave_lanes || (now_ns >= stop_not_before_ns_ && intake_.lanes_are_empty());
  if (stop_->leave_lanes && stalls()) return true;
  return (lanes_done && arena_.waiting() == 0) || now_ns >= stop_->deadline_ns;
}

bool Instance::Loop::stalls() {
  const std::int64_t now_ns = ipc::monotonic_ns();
  const std::uint64_t ended = arena_.delivered() + arena_.dead();
  if (std::exchange(ended_at_stop_, ended) != ended) ended_ns_ = now_ns;
  return now_ns - ended_ns_ >= kStallNs;
}

void Instance::Loop::rest(const DrainResult& drained) {
  const std::int64_t now_ns = ipc::monotonic_ns();
  if (drained.records != 0) last_traffic_ns_ = now_ns;
  if (drained.more) return;
  if (drained.no_room) return sleeper_.nap(kNapWithoutRoom);
  if (drained.bytes >= kFloodBytes) return sleeper_.nap(kNapUnderFlood);
  if (stop_ || now_ns - last_traffic_ns_ < kQuietNs) return sleeper_.nap(kNap);
  if (!unconfirmed_.empty()) return sleeper_.nap(kNapWithOldBoards);
  sleeper_.sleep(outbox_.next_timer_ns(), [this] { return intake_.has_unseen(); });
}

void Instance::Loop::open_channel(std::uint64_t client_id, ipc::Descriptor doorbell) {
  sleeper_.watch_doorbell(client_id, std::move(doorbell));
  last_traffic_ns_ = ipc::monotonic_ns();  // its first publish need not ring
}

void Instance::Loop::forget_client(std::uint64_t client_id) {
  sleeper_.forget_doorbell(client_id);
  unconfirmed_.erase(client_id);
}

void Instance::Loop::begin_stop(StopRequest request) {
  stop_ = std::move(request);
  stop_not_before_ns_ = ipc::monotonic_ns() + kSettleNs;
  ended_ns_ = ipc::monotonic_ns();
}

InstanceStatus Instance::Loop::read_status() {
  InstanceStatus status;
  const kafka::Connection connection = outbox_.connection();
  const std::int64_t now_ns = ipc::monotonic_ns();
  status.name = config_.name;
  status.brokers = brokers_;
  status.enabled = config_.enabled;
  status.connected = connection.connected;
  status.ever_connected = connection.ever_connected;
  if (!connection.connected)
    status.disconnected_for_ms = (now_ns - connection.disconnected_since_ns) / kNsPerMs;
  status.last_error = connection.last_error;
  status.clients = intake_.client_count();
  status.lanes = intake_.lane_count();

  status.waiting_in_lanes = intake_.waiting_in_lanes();
  status.waiting_in_arena = arena_.waiting();
  status.in_flight = outbox_.counts().in_flight;
  status.waiting = status.waiting_in_lanes + status.waiting_in_arena;
  status.accepted = arena_.accepted() + status.waiting_in_lanes;
  status.delivered = arena_.delivered();
  status.dead_letters = arena_.dead();
  for (const auto& [reason, count] : delivery_.dead_by_reason())
    status.dead_letters_by_reason.emplace(reason, count);

  const auto refused = intake_.refused_untrusted();
  for (std::size_t index = 1; index < refused.size(); ++index) {
    if (refused[index] != 0) status.refused[ringpost_error_name(-static_cast<int>(index))] += refused[index];
  }
  if (const std::int64_t oldest_ns = arena_.oldest_stamp_ns())
    status.oldest_waiting_ms = (now_ns - oldest_ns) / kNsPerMs;
  status.buffer_bytes = arena_.buffer_bytes();
  status.buffer_used_bytes = arena_.used_bytes();
  status.lane_bytes = intake_.lane_bytes();
  status.malformed_lanes = intake_.malformed_lanes();
  status.producers_created = outbox_.counts().producers_created;
  for (const auto& [name, facts] : topics_.known()) {
    InstanceStatus::Topic topic{name, std::string(name_of(facts.state)), facts.partition_count, 0, false};
    if (const Topics::Rule* rule = topics_.find(name)) {
      topic.buffer_used_bytes = arena_.pinned_chunks(rule->tenant) * arena_.chunk_bytes();
      topic.full = rule->full;
    }
    status.topics.push_back(std::move(topic));
  }
  return status;
}

}  // namespace ringpost::daemon
