#include "daemon/control/server.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/config/log.hpp"
#include "daemon/control/signals.hpp"
#include "daemon/control/version.hpp"
#include "ipc/clock.hpp"
#include "ipc/doorbell.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {
namespace {

constexpr int kAcceptedAtOnceMax = 64;  // then the others have their turn
constexpr std::chrono::milliseconds kAcceptPause{200};
constexpr std::size_t kRefusedClosingMax = 256;  // each takes microseconds, unless it is an attack
constexpr std::chrono::seconds kHouseKeeping{30};
constexpr std::chrono::seconds kStopOverdue{5};  // past stop_timeout
constexpr std::chrono::milliseconds kMoveTick{5};

using Wait = boost::asio::posix::stream_descriptor;

std::string brokers_of(const InstanceConfig& instance) {
  return instance.embedded ? "an embedded test cluster"
                           : fmt::format("{}", fmt::join(instance.brokers, ", "));
}

void say_keeper_changed(bool connected) {
  if (connected) {
    spdlog::info("the keeper is there again and has everything");
  } else {
    spdlog::error(
        "the keeper is away: what is connected goes on, no lane is opened, and what is accepted now ends "
        "with this process if it dies before the keeper is back");
  }
}

}  // namespace

Server::Server(const Config& config, SocketFile& socket, const Capacity& capacity, Custody custody,
               Estate estate, Reload& reload)
    : custody_(std::move(custody)),
      state_(io_, config, census_limits(capacity, config.daemon), custody_),
      socket_(socket),
      reload_(reload),
      listener_(io_),
      signals_(io_),
      service_manager_(io_, state_.status, state_.census, state_.configuration_problems),
      accept_pause_(io_),
      house_keeping_(io_),
      stop_deadline_(io_) {
  if (!ipc::monotonic_clock_is_fine()) {
    throw std::runtime_error(
        "this machine's clock is coarse "
        "(/sys/devices/system/clocksource/clocksource0/current_clocksource): events that are published "
        "in the same instant could change their order");
  }
  state_.generation = estate.generation;
  state_.configuration_problems = reload_.problems();
  if (custody_.has_keeper()) {
    custody_.keeper().on_change(&say_keeper_changed);
    custody_.keeper().start(io_);
  }
  open_state_directory();
  make_instances(estate);
  keep_memories();
  adopt_clients(estate);
  for (const auto& instance : state_.instances) instance->start();
  instances_running_ = state_.instances.size();
}

Server::~Server() = default;

void Server::say_what_runs() const {
  const CensusLimits& limits = state_.census.limits();
  spdlog::info("ringpostd {} with librdkafka {} serves {} instances at {}", kVersion,
               kafka::librdkafka_version(), state_.configured, socket_.path());
  for (const InstanceConfig& instance : state_.config.instances) {
    if (instance.removed) continue;
    log_line(spdlog::level::info, {.instance = instance.name},
             "instance {}: {}, {} topics or patterns, {} MiB of buffer{}", instance.name,
             brokers_of(instance), instance.topics.size(), instance.buffer_size_bytes / kMiB,
             instance.enabled ? "" : ", switched off (enabled = false)");
  }
  if (!state_.custody.has_keeper()) {
    spdlog::warn(
        "no keeper runs: what only the memory of this process has is lost if it is killed, and calls fail "
        "with "
        "DAEMON_UNAVAILABLE while it is away");
  }
  if (!ipc::barriers_available()) {
    spdlog::warn("this kernel has no membarrier(GLOBAL_EXPEDITED): idle instances wake up every millisecond");
  }
  const std::uint64_t descriptors =
      std::uint64_t{limits.clients_max} * (Census::kDescriptorsPerConnection + Census::kDescriptorsPerClient +
                                           Census::kDescriptorsPerChannel * state_.instances.size());
  if (descriptors > limits.descriptors_max) {
    spdlog::warn(
        "clients_max = {} would need {} descriptors; the limit on open files leaves {} for clients: "
        "raise RLIMIT_NOFILE (LimitNOFILE)",
        limits.clients_max, descriptors, limits.descriptors_max);
  }
}

int Server::run() {
  wait_for_signal();
  say_what_runs();
  // Before a dead daemon's socket connections may have waited for any time.
  queue_empty_ns_ = socket_.is_inherited() ? 0 : ipc::monotonic_ns();
  socket_.listen();
  // A descriptor of its own, so that SocketFile's and Asio's owners don't meet.
  listener_.assign(::dup(socket_.socket()));
  wait_for_connections();
  keep_house();
  service_manager_.started();
  reload_.settled();
  io_.run();
  for (const auto& session : sessions_) session->leave_open();
  if (state_.protocol_errors != 0) {
    spdlog::info("{} connections were ended for breaking the protocol", state_.protocol_errors);
  }
  if (reloads_) {
    reload_.pass_keeper(state_.custody.keeper().connection());
    return kBeginAnew;
  }
  spdlog::info("ringpostd has stopped");
  return EXIT_SUCCESS;
}

void Server::wait_for_connections() {
  listener_.async_wait(Wait::wait_read, [this](const boost::system::error_code& failed) {
    if (!failed && !state_.stopping) accept_some();
  });
}

void Server::accept_some() {
  for (int accepted = 0; accepted < kAcceptedAtOnceMax; ++accepted) {
    if (refused_closing_ >= kRefusedClosingMax) {
      accepting_held_ = true;  // until the undertaker has done
      return;
    }
    const std::int64_t before_ns = ipc::monotonic_ns();
    ipc::Descriptor connection(::accept4(socket_.socket(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      accept_one(std::move(connection));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN) return pause_accepting(errno);
    queue_empty_ns_ = before_ns;
    break;
  }
  wait_for_connections();
}

void Server::accept_one(ipc::Descriptor connection) {
  Credentials who = credentials_of(connection.get());
  if (const auto quota = state_.census.connection_problem(who.peer.uid, may_see_all(who))) {
    log_limited(spdlog::level::warn, fmt::format("{}/uid {}", name_of(quota->refusal), who.peer.uid),
                {.client_pid = who.peer.pid, .error_code = name_of(quota->refusal)},
                "a connection of {} was closed ({}): {}", who.text(), name_of(quota->refusal), quota->text);
    return refuse_connection(std::move(connection), *quota);
  }
  try {
    const uid_t user = who.peer.uid;
    auto session = std::make_shared<Session>(
        state_, connection, std::move(who), queue_empty_ns_,
        [this](Session& ended, ipc::Descriptor closing) { session_ended(ended, std::move(closing)); });
    state_.census.connected(user);
    sessions_.insert(session);
    session->start();
  } catch (const std::system_error& error) {
    log_limited(spdlog::level::err, "accept", {}, "a connection was closed: {}", error.what());
    close_refused(std::move(connection));
  }
}

// Says why, as the answer to its first question, which may lie there already: read, so that the answer is not lost
// with a connection that was reset.
void Server::refuse_connection(ipc::Descriptor connection, const QuotaProblem& why) {
  ++state_.refused[static_cast<std::size_t>(why.refusal)];
  const ipc::Received first = ipc::receive_question(connection.get());
  const std::uint64_t number = first.what == ipc::Received::What::kFrame ? first.frame.header.number : 1;
  ipc::send_frame(connection.get(), ipc::make_refusal(number, why.refusal, why.text));
  close_refused(std::move(connection));
}

void Server::close_refused(ipc::Descriptor connection) {
  ++refused_closing_;
  state_.undertaker.close(std::move(connection),
                          [this] { boost::asio::post(io_, [this] { refused_closed(); }); });
}

// Out of descriptors or memory: the connection stays in the queue, and asking for it again at once would
// spin.
void Server::pause_accepting(int why) {
  log_limited(spdlog::level::err, "accept", {}, "connections can't be accepted now: {}", std::strerror(why));
  accept_pause_.expires_after(kAcceptPause);
  accept_pause_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed && !state_.stopping) wait_for_connections();
  });
}

void Server::refused_closed() {
  if (--refused_closing_ >= kRefusedClosingMax / 2 || state_.stopping) return;
  if (std::exchange(accepting_held_, false)) wait_for_connections();
}

void Server::session_ended(Session& session, ipc::Descriptor socket) {
  const uid_t user = session.who().peer.uid;
  ::shutdown(socket.get(), SHUT_RDWR);  // its peer knows at once, whoever else has it
  // It counts until it is closed: whoever makes that take long has fewer connections meanwhile. The keeper must not be
  // the last who has it, for closing may take long (undertaker.hpp).
  auto closing = std::make_shared<ipc::Descriptor>(std::move(socket));
  auto close = [this, user, closing] {
    state_.undertaker.close(std::move(*closing), [this, user] {
      boost::asio::post(io_, [this, user] { state_.census.disconnected(user); });
    });
  };
  session.client() ? state_.custody.drop(session_name_of(session.client()->id), std::move(close)) : close();
  if (const std::shared_ptr<Client>& client = session.client()) {
    log_line(spdlog::level::debug, {.client_pid = session.who().peer.pid}, "client {} \"{}\" ({}) is gone",
             client->id, client->name(), session.who().text());
    state_.census.client_departed();
    const std::vector<std::uint32_t> channels = session.open_channels();
    departed_[client->id] = {client,
                             session.lanes_opened(),
                             session.lane_bytes_opened(),
                             channels.size(),
                             channels.size() + 1,
                             session.kept_names(),
                             session.is_cut_off()};
    for (const std::uint32_t index : channels) {
      state_.instances[index]->client_gone(client->id, [this, id = client->id] {
        boost::asio::post(io_, [this, id] { channel_drained(id); });
      });
    }
    channel_drained(client->id);  // the one too many: who had no channel is forgotten at once
  }
  sessions_.erase(session.shared_from_this());
}

void Server::channel_drained(std::uint64_t client_id) {
  const auto found = departed_.find(client_id);
  assert(found != departed_.end());
  Departed& departed = found->second;
  if (--departed.instances_left != 0) return;
  for (const std::string& name : departed.kept_names) state_.custody.drop(name);
  state_.census.channels_closed(departed.channels);
  state_.census.client_forgotten(departed.client->peer.uid, departed.lanes, departed.lane_bytes);
  departed_.erase(found);
}

// The client, when this is the first that is heard of it.
std::shared_ptr<Client> Server::mark_malformed(std::uint64_t client_id) {
  for (const auto& session : sessions_) {
    if (!session->client() || session->client()->id != client_id) continue;
    return session->cut_off() ? session->client() : nullptr;
  }
  const auto found = departed_.find(client_id);
  if (found == departed_.end() || std::exchange(found->second.malformed, true)) return nullptr;
  return found->second.client;
}

void Server::client_malformed(std::uint64_t client_id, const std::string& instance, const std::string& why) {
  const std::shared_ptr<Client> client = mark_malformed(client_id);
  if (!client) return;
  log_limited(spdlog::level::warn, fmt::format("malformed/uid {}", client->peer.uid),
              {.instance = instance, .client_pid = client->peer.pid, .error_code = "malformed"},
              "client \"{}\" ({}) was cut off: its memory for instance {} is malformed: {}", client->name(),
              text_of(client->peer), instance, why);
}

void Server::wait_for_signal() {
  for (const int number : kSignals) signals_.add(number);
  if (!reloads_) unblock_signals();
  signals_.async_wait([this](const boost::system::error_code& failed, int number) {
    if (!failed) signal(number);
  });
}

void Server::signal(int number) {
  if (reloads_) {
    ::kill(::getpid(), number);  // it came just before they were blocked
  } else if (number == SIGHUP && told_to_stop_ns_ == 0) {
    reload();
  } else if (number == SIGHUP) {
    spdlog::warn("SIGHUP: ringpostd is stopping: the next one reads the configuration");
  } else if (told_to_stop_ns_ == 0) {
    spdlog::info("{}: stopping", strsignal(number));
    told_to_stop_ns_ = ipc::monotonic_ns();
    stop_when_all_have_moved();
  } else {
    spdlog::warn("{} again: ending at once", strsignal(number));
    spdlog::shutdown();  // writes what is queued
    std::_Exit(EXIT_FAILURE);
  }
  wait_for_signal();
}

// Who still looks at a dead daemon's board can't see on ours that this one stops: what it publishes after the last look at its
// lanes would end with them. Half of stop_timeout at most: one that stands still must not hold up the stop.
void Server::stop_when_all_have_moved() {
  const std::chrono::nanoseconds half = state_.config.daemon.stop_timeout / 2;
  const bool is_over = ipc::monotonic_ns() - told_to_stop_ns_ >= half.count();
  const bool somebody_has_not =
      std::ranges::any_of(sessions_, [](const auto& session) { return session->looks_at_old_boards(); });
  if (!somebody_has_not || is_over || state_.custody.survives_a_stop()) return stop();
  stop_deadline_.expires_after(kMoveTick);
  stop_deadline_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) stop_when_all_have_moved();
  });
}

// Where a keeper outlives this daemon, another one goes on with the connections and the lanes: clients need not know.
void Server::stop() {
  state_.stopping = true;
  const bool handed_on = reloads_ || state_.custody.survives_a_stop();
  reloads_ ? service_manager_.reloading() : service_manager_.stopping();
  accept_pause_.cancel();
  house_keeping_.cancel();
  listener_.close();
  if (handed_on) {
    socket_.leave();
    for (const auto& session : sessions_) session->leave_open();
  } else {
    state_.undertaker.close(socket_.remove(), nullptr);
    for (const auto& session : sessions_) session->daemon_stops();
  }
  const std::int64_t deadline_ns =
      told_to_stop_ns_ + std::chrono::nanoseconds(state_.config.daemon.stop_timeout).count();
  for (const auto& instance : state_.instances) {
    instance->stop({deadline_ns, handed_on, reloads_, [this, handed_on](const InstanceStatus& last) {
                      boost::asio::post(io_, [this, last, handed_on] { instance_stopped(last, handed_on); });
                    }});
  }
  stop_deadline_.expires_after(state_.config.daemon.stop_timeout + kStopOverdue);
  stop_deadline_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) stop_overdue();
  });
}

void Server::instance_stopped(const InstanceStatus& last, bool handed_on) {
  const LogFields fields{.instance = last.name};
  const std::uint64_t unsafe = last.waiting - last.waiting_on_disk;
  if (last.waiting == 0) {
    log_line(spdlog::level::info, fields,
             "instance {}: nothing is left: {} accepted, {} delivered, {} dead letters", last.name,
             last.accepted, last.delivered, last.dead_letters);
  } else if (handed_on || unsafe == 0) {
    log_line(spdlog::level::info, fields,
             "instance {}: {} of {} accepted events wait {} for the next ringpostd, {} of them on disk; {} "
             "delivered, "
             "{} dead letters",
             last.name, last.waiting, last.accepted, handed_on ? "with the keeper" : "on disk",
             last.waiting_on_disk, last.delivered, last.dead_letters);
  } else {
    log_line(
        spdlog::level::err, fields,
        "instance {}: {} of {} accepted events did not reach Kafka within stop_timeout ({}) and end with "
        "this process; {} delivered, {} on disk, {} dead letters",
        last.name, unsafe, last.accepted, last.connected ? "connected" : "no broker in reach", last.delivered,
        last.waiting_on_disk, last.dead_letters);
  }
  if (--instances_running_ == 0) reloads_ ? wait_for_keeper() : io_.stop();
}

void Server::stop_overdue() {
  spdlog::critical("{} instances have not stopped {} s after stop_timeout: ending", instances_running_,
                   kStopOverdue.count());
  spdlog::shutdown();
  std::_Exit(EXIT_FAILURE);
}

void Server::keep_house() {
  log_suppressed();
  house_keeping_.expires_after(kHouseKeeping);
  house_keeping_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) keep_house();
  });
}

}  // namespace ringpost::daemon
