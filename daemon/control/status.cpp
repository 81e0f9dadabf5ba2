#include "daemon/control/status.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include "ipc/shared_memory.hpp"

namespace ringpost::daemon {
namespace {

namespace json = boost::json;

json::object counts_of(const std::map<std::string, std::uint64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

json::array topics_of(const InstanceStatus& instance) {
  json::array topics;
  for (const InstanceStatus::Topic& topic : instance.topics) {
    topics.push_back(json::object{{"name", topic.name},
                                  {"state", topic.state},
                                  {"partitions", topic.partitions},
                                  {"accepted", topic.accepted},
                                  {"delivered", topic.delivered},
                                  {"waiting", topic.waiting},
                                  {"dead_letters", topic.dead_letters},
                                  {"buffer_used_bytes", topic.buffer_used_bytes},
                                  {"full", topic.full}});
  }
  return topics;
}

json::object disk_of(const InstanceStatus::OnDisk& disk) {
  return {
      {"state", disk.state},
      {"problem", disk.problem},
      {"spool_bytes", disk.spool_bytes},
      {"spool_max_bytes", disk.spool_max_bytes},
      {"damaged", disk.damaged},
      {"letters_kept", disk.letters_kept},
      {"letters_bytes", disk.letters_bytes},
      {"letters_removed", disk.letters_removed},
      {"letters_unwritten", disk.letters_unwritten},
  };
}

json::object refusals_of(const std::array<std::uint64_t, ipc::kRefusalCount>& refused) {
  json::object object;
  for (std::size_t number = 1; number < refused.size(); ++number) {
    if (refused[number] != 0) object[name_of(static_cast<ipc::Refusal>(number))] = refused[number];
  }
  return object;
}

json::array users_of(const std::map<uid_t, Census::User>& users) {
  json::array array;
  for (const auto& [uid, user] : users) {
    array.push_back(json::object{{"uid", uid},
                                 {"connections", user.connections},
                                 {"clients", user.clients},
                                 {"lanes", user.lanes},
                                 {"lane_bytes", user.lane_bytes}});
  }
  return array;
}

json::object json_of(const Reading& reading) {
  const InstanceStatus& instance = reading.instance;
  return {
      {"name", instance.name},
      {"state", state_of(reading)},
      {"reading_age_ms", reading.age_ms},
      {"brokers", instance.brokers},
      {"enabled", instance.enabled},
      {"connected", instance.connected},
      {"ever_connected", instance.ever_connected},
      {"disconnected_for_ms", instance.disconnected_for_ms},
      {"last_error", instance.last_error},
      {"unreachable", instance.unreachable},
      {"trouble", instance.trouble},
      {"credentials_problem", instance.credentials_problem},
      {"clients", instance.clients},
      {"lanes", instance.lanes},
      {"accepted", instance.accepted},
      {"delivered", instance.delivered},
      {"waiting", instance.waiting},
      {"waiting_in_lanes", instance.waiting_in_lanes},
      {"waiting_in_arena", instance.waiting_in_arena},
      {"waiting_on_disk", instance.waiting_on_disk},
      {"in_flight", instance.in_flight},
      {"dead_letters", instance.dead_letters},
      {"missing_on_disk", instance.missing_on_disk},
      {"dead_letters_by_reason", counts_of(instance.dead_letters_by_reason)},
      {"refused", counts_of(instance.refused)},
      {"oldest_waiting_ms", instance.oldest_waiting_ms},
      {"buffer_bytes", instance.buffer_bytes},
      {"buffer_used_bytes", instance.buffer_used_bytes},
      {"lane_bytes", instance.lane_bytes},
      {"malformed_lanes", instance.malformed_lanes},
      {"producers_created", instance.producers_created},
      {"disk", disk_of(instance.disk)},
      {"topics", topics_of(instance)},
  };
}

}  // namespace

std::string_view state_of(const Reading& reading) {
  const InstanceStatus& instance = reading.instance;
  if (reading.late) return "not_answering";
  if (instance.removed) return "removed";
  if (!instance.enabled) return "disabled";
  if (instance.connected) return instance.unreachable.empty() ? "connected" : "degraded";
  return instance.ever_connected ? "disconnected" : "connecting";
}

std::string status_json(const DaemonStatus& daemon, const std::vector<const Reading*>& instances) {
  json::array readings;
  for (const Reading* instance : instances) readings.push_back(json_of(*instance));
  return json::serialize(json::object{
      {"version", daemon.version},
      {"pid", daemon.pid},
      {"uptime_s", daemon.uptime_s},
      {"librdkafka", daemon.librdkafka},
      {"keeper", daemon.keeper},
      {"generation", daemon.generation},
      {"kept_descriptors", daemon.kept_descriptors},
      {"clients", daemon.clients},
      {"clients_departed", daemon.clients_departed},
      {"connections", daemon.connections},
      {"lanes", daemon.lanes},
      {"lane_bytes", daemon.lane_bytes},
      {"memory_bound_bytes", daemon.memory_bound_bytes},
      {"protocol_errors", daemon.protocol_errors},
      {"refused", refusals_of(daemon.refused)},
      {"users", users_of(daemon.users)},
      {"reloads_refused", daemon.reloads_refused},
      {"configuration_problems",
       json::array(daemon.configuration_problems.begin(), daemon.configuration_problems.end())},
      {"instances", std::move(readings)},
  });
}

ipc::Descriptor sealed_text(std::string_view text) {
  ipc::Descriptor memory = ipc::create_memory("ringpost-status", text.size());
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written =
        ::pwrite(memory.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw std::system_error(errno, std::generic_category(), "writing the status");
    done += static_cast<std::size_t>(written);
  }
  // There is no mapping of it: so nobody writes it from now on. F_SEAL_WRITE would forbid the same, and, on
  // Linux before 6.7, mapping it for reading.
  ipc::seal(memory, ipc::Writers::kPresentMappings);
  return memory;
}

InstanceStatus InstanceReadings::unasked(std::size_t index) const {
  const InstanceConfig& config = instances_[index]->config();
  InstanceStatus status;
  status.name = config.name;
  status.brokers = fmt::format("{}", fmt::join(config.brokers, ","));  // an embedded cluster has none yet
  return status;
}

void StatusRounds::ask(Answer answer) {
  next_.push_back(std::move(answer));
  begin_soon();
}

void StatusRounds::begin_soon() {
  if (scheduled_ || next_.empty()) return;
  scheduled_ = true;
  pause_.expires_at(began_ + kSpacing);
  pause_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) begin();
  });
}

void StatusRounds::begin() {
  began_ = std::chrono::steady_clock::now();
  current_.swap(next_);
  while (latest_.size() < source_.size()) latest_.push_back({source_.unasked(latest_.size())});
  missing_ = 0;
  ++round_;
  for (std::size_t index = 0; index < latest_.size(); ++index) {
    if (std::exchange(latest_[index].asked, true)) continue;
    latest_[index].round = round_;
    ++missing_;
    source_.read(index, [this, index](const InstanceStatus& reading) {
      boost::asio::post(io_, [this, index, reading] { take(index, reading); });
    });
  }
  if (missing_ == 0) return finish();
  patience_.expires_after(kPatience);
  patience_.async_wait([this, round = round_](const boost::system::error_code& failed) {
    if (!failed && round == round_ && missing_ != 0) finish();
  });
}

void StatusRounds::take(std::size_t index, const InstanceStatus& reading) {
  Latest& latest = latest_[index];
  latest.asked = false;
  latest.status = reading;
  // One that is late from an earlier round is nobody's that this one waits for.
  latest.taken = std::chrono::steady_clock::now();
  if (latest.round == round_ && missing_ != 0 && --missing_ == 0) finish();
}

void StatusRounds::finish() {
  patience_.cancel();
  const auto now = std::chrono::steady_clock::now();
  std::vector<Reading> readings;
  for (std::size_t index = 0; index < latest_.size(); ++index) {
    Reading& reading = readings.emplace_back();
    reading.instance = latest_[index].status;
    reading.late = latest_[index].asked;
    if (reading.late && latest_[index].taken != std::chrono::steady_clock::time_point{}) {
      reading.age_ms =
          std::chrono::duration_cast<std::chrono::milliseconds>(now - latest_[index].taken).count();
    }
  }
  missing_ = 0;
  scheduled_ = false;
  for (const Answer& answer : std::exchange(current_, {})) answer(readings);
  begin_soon();
}

}  // namespace ringpost::daemon
