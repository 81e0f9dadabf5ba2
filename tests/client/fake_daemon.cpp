#include "tests/client/fake_daemon.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "ipc/record.hpp"

namespace ringpost::tests {
namespace {

void add_topics(ipc::InstanceBoardWriter& board, const std::vector<std::string>& topics) {
  // Prefixes come before names.
  for (const std::string& topic : topics) {
    if (topic == "*") {
      board.board().any_topic.store(1, std::memory_order_relaxed);
    } else if (topic.ends_with('*')) {
      board.add_topic(ipc::TopicKind::kPrefix, topic.substr(0, topic.size() - 1));
    }
  }
  for (const std::string& topic : topics) {
    if (!topic.ends_with('*')) board.add_topic(ipc::TopicKind::kName, topic);
  }
}

Seen seen_of(const ipc::RecordView& view, std::uint64_t lane, std::uint64_t client) {
  Seen seen{lane,         client, view.header.sequence,     view.header.stamp_ns, std::string(view.topic),
            std::nullopt, {},     std::string(view.message)};
  if (view.key) seen.key = std::string(*view.key);
  ipc::HeaderReader headers(view.headers);
  while (const auto field = headers.next()) {
    std::optional<std::string> value;
    if (field->value) value = std::string(*field->value);
    seen.headers.emplace_back(field->name, value);
  }
  return seen;
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

FakeDaemon::FakeDaemon(std::vector<FakeInstance> instances) {
  std::string pattern = (std::filesystem::temp_directory_path() / "ringpost-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = pattern;
  socket_path_ = (directory_ / "ringpost.sock").string();
  make_instances(std::move(instances));
  start();
}

FakeDaemon::FakeDaemon(FakeDaemon& dead, std::vector<FakeInstance> instances,
                       const std::function<void(FakeDaemon&)>& prepare)
    : directory_(std::exchange(dead.directory_, {})),
      socket_path_(dead.socket_path_),
      listener_(std::move(dead.listener_)),
      clients_(std::move(dead.clients_)),
      lanes_(std::move(dead.lanes_)),
      next_id_(dead.next_id_),
      generation_(dead.generation_ + 1),
      grace_ms_(dead.grace_ms_.load()),
      ping_interval_ms_(dead.ping_interval_ms_.load()) {
  make_instances(std::move(instances));
  if (prepare) prepare(*this);
  for (const auto& client : clients_) adopt(*client);
  std::erase_if(clients_, [](const auto& client) { return !client->socket; });  // gone in between
  start_thread();
}

// Its board is there before anybody is told: same slots, same released positions.
void FakeDaemon::adopt(Client& client) {
  client.board = std::make_shared<ipc::ClientBoardWriter>(client.id);
  client.doorbells.clear();
  client.greeted = false;
  client.adopted_by = generation_;
  client.confirmed = 0;
  for (Lane& lane : lanes_) {
    if (lane.client != client.id) continue;
    lane.board = client.board;
    ipc::LaneReader::release(lane.board->released(lane.slot), lane.reader->copied());
  }
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kAdopted, 0);
  frame.body.index.index = generation_;
  send(client, frame);
}

void FakeDaemon::make_instances(std::vector<FakeInstance> instances) {
  for (FakeInstance& settings : instances) {
    numbers_[settings.name] = static_cast<std::uint32_t>(instances_.size());
    auto board = std::make_unique<ipc::InstanceBoardWriter>(settings.name);
    add_topics(*board, settings.topics);
    board->board().connected.store(1, std::memory_order_relaxed);
    board->board().buffer_bytes.store(4u << 20, std::memory_order_relaxed);
    board->board().max_event_bytes.store(1'048'576, std::memory_order_relaxed);
    instances_.push_back({std::move(settings), std::move(board)});
  }
}

FakeDaemon::~FakeDaemon() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void FakeDaemon::start() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  listener_ = ipc::Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ::unlink(socket_path_.c_str());
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_.get(), 64) != 0) {
    throw std::runtime_error("listening at " + socket_path_);
  }
  start_thread();
}

void FakeDaemon::start_thread() {
  stop_ = ipc::create_doorbell();
  thread_ = std::thread([this] { run(); });
}

void FakeDaemon::end_thread() {
  if (!thread_.joinable()) return;
  ipc::ring(stop_);
  thread_.join();
}

void FakeDaemon::die() { end_thread(); }

void FakeDaemon::go_on() { start_thread(); }

void FakeDaemon::stop() {
  end_thread();
  if (!listener_) return;
  listener_.reset();
  ::unlink(socket_path_.c_str());
  const std::lock_guard lock(mutex_);
  clients_.clear();
}

void FakeDaemon::run() {
  for (;;) {
    std::vector<pollfd> ready{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const auto& client : clients_) ready.push_back({client->socket.get(), POLLIN, 0});
    }
    ::poll(ready.data(), ready.size(), -1);
    if (ready[0].revents != 0) return;
    const std::lock_guard lock(mutex_);
    for (std::size_t at = 2; at < ready.size(); ++at) {
      if (ready[at].revents != 0) serve(*clients_[at - 2]);
    }
    std::erase_if(clients_, [](const auto& client) { return !client->socket; });
    if (ready[1].revents != 0) {
      ipc::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) continue;
      clients_.push_back(std::make_unique<Client>());
      clients_.back()->socket = std::move(socket);
    }
  }
}

void FakeDaemon::serve(Client& client) {
  const ipc::Received received = ipc::receive_question(client.socket.get());
  if (received.what == ipc::Received::What::kNothing) return;
  if (received.what != ipc::Received::What::kFrame) {
    client.socket.reset();
    return;
  }
  const ipc::FrameHeader& header = received.frame.header;
  // A hello that was meant for a daemon before us, and whatever follows it: the client will read our word.
  const bool is_ours =
      header.type == ipc::FrameType::kHello && received.frame.body.hello.generation == client.adopted_by;
  if (!client.greeted && !is_ours) return;
  if (header.type == swallows_) {
    swallowed_ = received.frame;
    ++swallowed_count_;
    return;
  }
  if (!silent_) answer(client, received.frame);
}

void FakeDaemon::answer(Client& client, const ipc::Frame& question) {
  switch (question.header.type) {
    case ipc::FrameType::kHello:
      return answer_hello(client, question);
    case ipc::FrameType::kOpenInstance:
      return answer_open_instance(client, question);
    case ipc::FrameType::kOpenLane:
      return answer_open_lane(client, question);
    default:
      return answer_ping(client, question);
  }
}

void FakeDaemon::answer_ping(Client& client, const ipc::Frame& question) {
  client.confirmed = question.body.index.index;
  ++pings_;
  send(client, ipc::make_frame(ipc::FrameType::kPong, question.header.number));
}

void FakeDaemon::send(Client& client, const ipc::Frame& frame, std::span<const int> descriptors) {
  if (!ipc::send_frame(client.socket.get(), frame, descriptors)) client.socket.reset();
}

void FakeDaemon::answer_hello(Client& client, const ipc::Frame& question) {
  if (refusal_) {
    return send(client, ipc::make_refusal(question.header.number, refusal_->first, refusal_->second));
  }
  last_hello_ = question.body.hello;
  client.greeted = true;
  client.name = ipc::text_field(question.body.hello.client_name);
  last_client_name_ = client.name;
  if (client.id == 0) {
    client.id = next_id_++;
    client.board = std::make_shared<ipc::ClientBoardWriter>(client.id);
  }
  check_held(client, question.body.hello);
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kWelcome, question.header.number);
  frame.body.welcome.client_id = client.id;
  frame.body.welcome.instance_count = static_cast<std::uint32_t>(instances_.size());
  frame.body.welcome.ping_interval_ms = ping_interval_ms_;
  frame.body.welcome.daemon_grace_ms = grace_ms_;
  frame.body.welcome.generation = generation_;
  const std::array<int, 1> descriptors{client.board->memory().get()};
  send(client, frame, descriptors);
}

void FakeDaemon::answer_open_instance(Client& client, const ipc::Frame& question) {
  const std::uint32_t index = question.body.index.index;
  if (instance_refusal_) {
    return send(client, ipc::make_refusal(question.header.number, *instance_refusal_, "the test says so"));
  }
  if (index >= instances_.size()) {
    return send(client,
                ipc::make_refusal(question.header.number, ipc::Refusal::kNoSuchInstance, "no such number"));
  }
  const Instance& instance = instances_[index];
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kInstance, question.header.number);
  ipc::set_text_field(frame.body.instance.name, instance.settings.name);
  frame.body.instance.lane_bytes = instance.settings.lane_bytes;
  frame.body.instance.lanes_max = instance.settings.lanes_max;
  frame.body.instance.allowed = instance.settings.allowed ? 1 : 0;
  if (!instance.settings.allowed) return send(client, frame);
  ipc::Descriptor& doorbell = client.doorbells[instance.settings.name];
  doorbell = ipc::create_doorbell();
  const std::array<int, 2> descriptors{instance.board->memory().get(), doorbell.get()};
  send(client, frame, descriptors);
}

void FakeDaemon::answer_open_lane(Client& client, const ipc::Frame& question) {
  const std::uint32_t index = question.body.index.index;
  const FakeInstance& settings = instances_.at(index).settings;
  if (client.lane_counts[settings.name] == settings.lanes_max) {
    return send(client,
                ipc::make_refusal(question.header.number, ipc::Refusal::kTooManyLanes, "lanes_max reached"));
  }
  ++client.lane_counts[settings.name];
  const std::uint64_t id = next_id_++;
  const ipc::Descriptor memory = ipc::create_lane(id, settings.lane_bytes);
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kLane, question.header.number);
  frame.body.lane.lane_id = id;
  frame.body.lane.capacity_bytes = settings.lane_bytes;
  frame.body.lane.slot = client.next_slot++;
  // Registered before the client has it.
  lanes_.push_back({id, client.id, client.board, frame.body.lane.slot,
                    std::make_unique<ipc::LaneReader>(memory, settings.lane_bytes)});
  const std::array<int, 1> descriptors{memory.get()};
  send(client, frame, descriptors);
}

void FakeDaemon::check_held(const Client& client, const ipc::HelloBody& hello) {
  for (std::uint32_t slot = 0; slot < ipc::kBoardSlotsMax; ++slot) {
    const bool is_lane = std::any_of(lanes_.begin(), lanes_.end(), [&](const Lane& lane) {
      return lane.client == client.id && lane.slot == slot;
    });
    if (ipc::has_lane(hello, slot) != is_lane) ++lanes_lost_;
  }
}

ipc::InstanceBoardWriter& FakeDaemon::board_writer(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  return *instances_.at(numbers_.at(instance)).board;
}

ipc::InstanceBoard& FakeDaemon::board(const std::string& instance) { return board_writer(instance).board(); }

void FakeDaemon::set_standing(ipc::Standing standing) {
  const std::lock_guard lock(mutex_);
  for (const auto& client : clients_) {
    if (client->board) client->board->set_standing(standing);
  }
}

std::vector<Seen> FakeDaemon::drain(bool release) {
  const std::lock_guard lock(mutex_);
  std::vector<Seen> events;
  for (Lane& lane : lanes_) {
    if (!lane.reader->look()) throw std::runtime_error("a malformed lane: its tail");
    std::vector<std::byte> bytes;
    lane.reader->copy_to(bytes, lane.reader->unseen_bytes());
    for (std::span<const std::byte> rest = bytes; !rest.empty();) {
      ipc::RecordView view;
      const ipc::RecordError error = ipc::parse_record(rest, view);
      if (error != ipc::RecordError::kNone) {
        throw std::runtime_error("a malformed lane: " + std::string(to_string(error)));
      }
      events.push_back(seen_of(view, lane.id, lane.client));
      rest = rest.subspan(view.header.size);
    }
    if (release) ipc::LaneReader::release(lane.board->released(lane.slot), lane.reader->copied());
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Seen& one, const Seen& other) { return one.stamp_ns < other.stamp_ns; });
  return events;
}

void FakeDaemon::discard() {
  const std::lock_guard lock(mutex_);
  for (Lane& lane : lanes_) {
    if (!lane.reader->look()) throw std::runtime_error("a malformed lane: its tail");
    discarded_.clear();
    lane.reader->copy_to(discarded_, lane.reader->unseen_bytes());
    ipc::LaneReader::release(lane.board->released(lane.slot), lane.reader->copied());
  }
}

bool FakeDaemon::has_unseen() {
  const std::lock_guard lock(mutex_);
  return std::any_of(lanes_.begin(), lanes_.end(),
                     [](Lane& lane) { return !lane.reader->look() || lane.reader->unseen_bytes() != 0; });
}

std::uint64_t FakeDaemon::refused(int code) {
  const std::lock_guard lock(mutex_);
  std::uint64_t count = 0;
  for (const Lane& lane : lanes_) count += lane.reader->refused_untrusted()[static_cast<std::size_t>(-code)];
  return count;
}

std::size_t FakeDaemon::lane_count() {
  const std::lock_guard lock(mutex_);
  return lanes_.size();
}

std::size_t FakeDaemon::client_count() {
  const std::lock_guard lock(mutex_);
  return clients_.size();
}

std::string FakeDaemon::last_client_name() {
  const std::lock_guard lock(mutex_);
  return last_client_name_;
}

ipc::Descriptor FakeDaemon::doorbell(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  return ipc::Descriptor(::dup(clients_.back()->doorbells.at(instance).get()));
}

std::uint64_t FakeDaemon::doorbell_rings(const std::string& instance) {
  const std::lock_guard lock(mutex_);
  std::uint64_t rings = 0;
  for (const auto& client : clients_) {
    const auto doorbell = client->doorbells.find(instance);
    std::uint64_t count = 0;
    if (doorbell != client->doorbells.end() && ::read(doorbell->second.get(), &count, sizeof count) > 0)
      rings += count;
  }
  return rings;
}

std::uint32_t FakeDaemon::confirmed() {
  const std::lock_guard lock(mutex_);
  std::uint32_t all = generation_;
  for (const auto& client : clients_) all = std::min(all, client->confirmed);
  return clients_.empty() ? 0 : all;
}

std::uint64_t FakeDaemon::pings() {
  const std::lock_guard lock(mutex_);
  return pings_;
}

std::uint64_t FakeDaemon::lanes_lost() {
  const std::lock_guard lock(mutex_);
  return lanes_lost_;
}

ipc::HelloBody FakeDaemon::last_hello() {
  const std::lock_guard lock(mutex_);
  return last_hello_;
}

void FakeDaemon::swallow(ipc::FrameType type) {
  const std::lock_guard lock(mutex_);
  swallows_ = type;
}

std::uint64_t FakeDaemon::swallowed() {
  const std::lock_guard lock(mutex_);
  return swallowed_count_;
}

bool FakeDaemon::question_waits() {
  const std::lock_guard lock(mutex_);
  pollfd ready{clients_.back()->socket.get(), POLLIN, 0};
  return ::poll(&ready, 1, 0) > 0;
}

void FakeDaemon::answer_swallowed() {
  const std::lock_guard lock(mutex_);
  answer(*clients_.back(), swallowed_);
}

void FakeDaemon::refuse_instances(ipc::Refusal refusal) {
  const std::lock_guard lock(mutex_);
  instance_refusal_ = refusal;
}

void FakeDaemon::refuse_nothing() {
  const std::lock_guard lock(mutex_);
  refusal_.reset();
  instance_refusal_.reset();
}

void FakeDaemon::refuse_hellos(ipc::Refusal refusal, const std::string& text) {
  const std::lock_guard lock(mutex_);
  refusal_ = {refusal, text};
}

}  // namespace ringpost::tests
