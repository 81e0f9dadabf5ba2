#include "daemon/control/status.hpp"

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

std::string_view state_of(const InstanceStatus& instance) {
  if (!instance.enabled) return "disabled";
  if (instance.connected) return "connected";
  return instance.ever_connected ? "disconnected" : "never_connected";
}

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
                                  {"buffer_used_bytes", topic.buffer_used_bytes},
                                  {"full", topic.full}});
  }
  return topics;
}

json::object json_of(const InstanceStatus& instance) {
  return {
      {"name", instance.name},
      {"state", state_of(instance)},
      {"brokers", instance.brokers},
      {"enabled", instance.enabled},
      {"connected", instance.connected},
      {"ever_connected", instance.ever_connected},
      {"disconnected_for_ms", instance.disconnected_for_ms},
      {"last_error", instance.last_error},
      {"clients", instance.clients},
      {"lanes", instance.lanes},
      {"accepted", instance.accepted},
      {"delivered", instance.delivered},
      {"waiting", instance.waiting},
      {"waiting_in_lanes", instance.waiting_in_lanes},
      {"waiting_in_arena", instance.waiting_in_arena},
      {"in_flight", instance.in_flight},
      {"dead_letters", instance.dead_letters},
      {"dead_letters_by_reason", counts_of(instance.dead_letters_by_reason)},
      {"refused", counts_of(instance.refused)},
      {"oldest_waiting_ms", instance.oldest_waiting_ms},
      {"buffer_bytes", instance.buffer_bytes},
      {"buffer_used_bytes", instance.buffer_used_bytes},
      {"lane_bytes", instance.lane_bytes},
      {"malformed_lanes", instance.malformed_lanes},
      {"producers_created", instance.producers_created},
      {"topics", topics_of(instance)},
  };
}

}  // namespace

std::string status_json(const DaemonStatus& daemon, const std::vector<const InstanceStatus*>& instances) {
  json::array readings;
  for (const InstanceStatus* instance : instances) readings.push_back(json_of(*instance));
  return json::serialize(json::object{
      {"version", daemon.version},
      {"pid", daemon.pid},
      {"uptime_s", daemon.uptime_s},
      {"librdkafka", daemon.librdkafka},
      {"keeper", false},
      {"clients", daemon.clients},
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
  readings_.assign(instances_.size(), {});
  missing_ = instances_.size();
  for (std::size_t index = 0; index < instances_.size(); ++index) {
    instances_[index]->status([this, index](const InstanceStatus& reading) {
      boost::asio::post(io_, [this, index, reading] { take(index, reading); });
    });
  }
}

void StatusRounds::take(std::size_t index, InstanceStatus reading) {
  readings_[index] = std::move(reading);
  if (--missing_ != 0) return;
  scheduled_ = false;
  for (const Answer& answer : std::exchange(current_, {})) answer(readings_);
  begin_soon();
}

}  // namespace ringpost::daemon
