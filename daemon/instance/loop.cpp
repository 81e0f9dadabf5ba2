#include "daemon/instance/loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "daemon/config/log.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

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

// While letters or runs are on their way to the disk.
constexpr std::chrono::microseconds kNapForDisk{10'000};

// What is inside librdkafka can't go to disk when it is stuck: a quarter of the buffer at the most.
constexpr std::size_t kWindowsOfBuffer = 4;

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
  outbox.secret_files = config.secret_files;
  outbox.topics = exact_names(config.topics);
  outbox.id_prefix = config.event_id ? arena.id() : "";
  outbox.ever_connected = arena.ever_connected();
  outbox.windows_max_bytes = arena.buffer_bytes() / kWindowsOfBuffer;
  outbox.linger = config.linger;
  return outbox;
}

}  // namespace

Instance::Loop::Loop(const InstanceConfig& config, InstanceEvents events, Arena arena, Disk disk,
                     Inheritance& inheritance)
    : config_(config),
      events_(std::move(events)),
      several_topics_(has_several_topics(config_)),
      embedded_(embedded_cluster_of(config_)),
      board_(config_.name),
      arena_(std::move(arena)),
      disk_(std::move(disk)),
      topics_(config_, board_, arena_),
      records_(arena_, disk_.spool.get(), disk_.letters.get()),
      burial_(config_.name, records_, disk_.letters.get()),
      overflow_(config_, records_, topics_),
      replays_(config_, records_, topics_, disk_.letters.get()),
      delivery_(config_.name, {records_, topics_, burial_, overflow_, replays_}),
      outbox_(
          outbox_config(config_, embedded_ ? embedded_->bootstrap_servers() : join(config_.brokers), arena_),
          delivery_),
      intake_(config_, {arena_, topics_, burial_, outbox_},
              inheritance.journal ? Journal(std::move(inheritance.journal)) : Journal()),
      sleeper_(board_.board().doorbell_armed),
      brokers_(embedded_ ? embedded_->bootstrap_servers() : join(config_.brokers)),
      connection_log_(config_.name, brokers_) {
  board_.board().buffer_bytes.store(arena_.buffer_bytes(), std::memory_order_relaxed);
  board_.board().max_event_bytes.store(config_.max_event_size_bytes, std::memory_order_relaxed);
  sleeper_.watch_reports(outbox_.event_fd());
  burial_.name_clients_by([this](kafka::Ticket ticket) { return client_name_of(ticket); });
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
      log_line(spdlog::level::err, {.instance = config_.name},
               "instance {}: lane {} of client {} is not with the keeper: what lay in it is lost",
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
  unlisted_blocks_ = intake_.requeue_left(disk_);
  if (disk_.letters) disk_.letters->forget_ids();
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
  ask([](Loop& loop) { loop.begin_stop({ipc::monotonic_ns(), false, false, nullptr}); });
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
    if (!stop_ || !stop_->begins_anew) outbox_.hand_over();
    outbox_.poll();
    step_disk();
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
  const kafka::Connection& connection = outbox_.connection();
  ipc::InstanceBoard& board = board_.board();
  board.connected.store(connection.connected ? 1 : 0, std::memory_order_relaxed);  // all read by each publish
  board.disconnected_since_ns.store(connection.disconnected_since_ns, std::memory_order_relaxed);
  board.waiting_events.store(arena_.waiting(), std::memory_order_relaxed);
  board.buffer_used_bytes.store(arena_.used_bytes(), std::memory_order_relaxed);
  if (connection.ever_connected && !arena_.ever_connected()) arena_.note_connected();
  if (config_.enabled && !config_.removed) connection_log_.note(connection);
  // Where there is room on disk nobody's share is used up.
  const bool shared = several_topics_ && !overflow_.may_spill(ipc::monotonic_ns());
  topics_.mark_full(Shares(arena_, intake_.waiting_bytes(), shared));

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

std::string Instance::Loop::client_name_of(kafka::Ticket ticket) const {
  return WaitingRecords::is_from_disk(ticket) ? std::string()
                                              : intake_.client_name_of(arena_.prefix(ticket).lane_id);
}

void Instance::Loop::rest(const DrainResult& drained) {
  const std::int64_t now_ns = ipc::monotonic_ns();
  if (drained.records != 0) last_traffic_ns_ = now_ns;
  if (drained.more) return;
  if (drained.no_room) return sleeper_.nap(kNapWithoutRoom);
  if (drained.bytes >= kFloodBytes) return sleeper_.nap(kNapUnderFlood);
  if (stop_ || now_ns - last_traffic_ns_ < kQuietNs) return sleeper_.nap(kNap);
  if (!unconfirmed_.empty()) return sleeper_.nap(kNapWithOldBoards);
  // What is short of room may be stuck soon, and what is stuck is found by looking.
  const bool tidied = !disk_.spool || disk_.spool->idle();
  if (!rests_on_disk() || !tidied || short_of_room_) return sleeper_.nap(kNapForDisk);
  sleeper_.sleep(outbox_.next_timer_ns(), [this] { return intake_.has_unseen(); });
}

std::vector<ipc::LetterResult> Instance::Loop::decide_letters(ipc::LetterAction action,
                                                              std::span<const ipc::LetterName> letters) {
  // What is begun now would only be put away.
  if (stop_) return {letters.size(), ipc::LetterResult::kNoRoom};
  if (action == ipc::LetterAction::kPurge) return replays_.purge(letters);
  return replays_.replay(letters, outbox_);
}

void Instance::Loop::open_channel(std::uint64_t client_id, ipc::Descriptor doorbell) {
  sleeper_.watch_doorbell(client_id, std::move(doorbell));
  last_traffic_ns_ = ipc::monotonic_ns();  // its first publish need not ring
}

void Instance::Loop::forget_client(std::uint64_t client_id) {
  sleeper_.forget_doorbell(client_id);
  unconfirmed_.erase(client_id);
}

}  // namespace ringpost::daemon
