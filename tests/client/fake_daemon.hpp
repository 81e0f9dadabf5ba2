// A daemon for the client library's tests: the daemon's ends of ipc/, answering in a thread of the test's process.
// Nothing goes anywhere; what the lanes hold is parsed and kept for the test to look at. It can die and be succeeded:
// what a keeper would hold meanwhile stays in the dead object, from which the successor takes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ipc/board.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/frames.hpp"
#include "ipc/lane_reader.hpp"

namespace ringpost::tests {

struct FakeInstance {
  std::string name = "kafkaid";
  std::vector<std::string> topics = {"orders"};  // "prefix*" and "*" too
  bool allowed = true;
  std::size_t lane_bytes = 64u << 10;
  std::uint32_t lanes_max = 8;
};

// One event as it came out of a lane.
struct Seen {
  std::uint64_t lane = 0;
  std::uint64_t client = 0;
  std::uint64_t sequence = 0;
  std::int64_t stamp_ns = 0;
  std::string topic;
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::string message;
};

class FakeDaemon {
 public:
  explicit FakeDaemon(std::vector<FakeInstance> instances = {FakeInstance{}});
  // The next daemon after `dead`: the same path, connections and lanes, but boards of its own.
  // `prepare` is called before it says its first word.
  FakeDaemon(FakeDaemon& dead, std::vector<FakeInstance> instances,
             const std::function<void(FakeDaemon&)>& prepare = {});
  ~FakeDaemon();

  const std::string& socket_path() const { return socket_path_; }
  ipc::InstanceBoard& board(const std::string& instance = "kafkaid");
  ipc::InstanceBoardWriter& board_writer(const std::string& instance = "kafkaid");
  void set_standing(ipc::Standing standing);  // of every client

  // Every lane's new events, in the order of their stamps; the room is given back unless `release` is false.
  std::vector<Seen> drain(bool release = true);
  void discard();     // the same, but looks at no event
  bool has_unseen();  // as a drainer looks once more before it sleeps: at the tails, and at nothing else
  void forget_lanes() {
    const std::lock_guard lock(mutex_);
    lanes_.clear();
  }
  std::uint64_t refused(int code);  // over all lanes, as clients count them
  std::size_t lane_count();         // ever opened
  std::size_t client_count();       // connected now
  std::string last_client_name();
  ipc::Descriptor doorbell(const std::string& instance = "kafkaid");      // of the last client
  std::uint64_t doorbell_rings(const std::string& instance = "kafkaid");  // reads it empty

  // There is a keeper: the first daemon is generation 1.
  void have_keeper(std::uint32_t grace_ms) {
    grace_ms_ = grace_ms;
    generation_ = 1;
  }
  std::uint32_t generation() const { return generation_; }
  std::uint32_t confirmed();  // the generation in the last ping of all
  std::uint64_t pings();      // answered
  ipc::HelloBody last_hello();
  std::uint64_t lanes_lost();  // how many lanes of its own an adopted client did not know, or others it did

  // From now on each Hello gets this.
  void refuse_hellos(ipc::Refusal refusal, const std::string& text);
  // From now on nobody is answered.
  void fall_silent() { silent_ = true; }
  // The same for one type of question.
  void swallow(ipc::FrameType type);
  std::uint64_t swallowed();
  bool question_waits();    // one that nobody has read, of the last client
  void answer_swallowed();  // the last one
  // From now on each OpenInstance is refused.
  void refuse_instances(ipc::Refusal refusal);
  void refuse_nothing();
  void set_grace_ms(std::uint32_t grace_ms) { grace_ms_ = grace_ms; }
  void set_ping_interval_ms(std::uint32_t interval_ms) { ping_interval_ms_ = interval_ms; }

  // Killed: nobody answers, but everything that a keeper holds stays open.
  void die();
  void go_on();  // it was only stopped
  // As if it had died without a keeper: the listening socket and all connections are gone.
  void stop();
  void start();

 private:
  struct Instance {
    FakeInstance settings;
    std::unique_ptr<ipc::InstanceBoardWriter> board;
  };
  struct Client {
    ipc::Descriptor socket;
    std::uint64_t id = 0;
    std::string name;
    std::shared_ptr<ipc::ClientBoardWriter> board;
    std::map<std::string, ipc::Descriptor> doorbells;  // by instance
    std::map<std::string, std::uint32_t> lane_counts;
    std::uint32_t next_slot = 0;
    std::uint32_t adopted_by = 0;  // the generation; 0: it came to us itself
    bool greeted = false;          // by a hello that was meant for us
    std::uint32_t confirmed = 0;
  };
  struct Lane {
    std::uint64_t id;
    std::uint64_t client;
    std::shared_ptr<ipc::ClientBoardWriter> board;
    std::uint32_t slot;
    std::unique_ptr<ipc::LaneReader> reader;
  };

  void make_instances(std::vector<FakeInstance> instances);
  void start_thread();
  void end_thread();
  void adopt(Client& client);
  void check_held(const Client& client, const ipc::HelloBody& hello);
  void run();
  void serve(Client& client);
  void answer(Client& client, const ipc::Frame& question);
  void answer_hello(Client& client, const ipc::Frame& question);
  void answer_open_instance(Client& client, const ipc::Frame& question);
  void answer_open_lane(Client& client, const ipc::Frame& question);
  void answer_ping(Client& client, const ipc::Frame& question);
  void send(Client& client, const ipc::Frame& frame, std::span<const int> descriptors = {});

  std::filesystem::path directory_;
  std::string socket_path_;
  ipc::Descriptor listener_;
  ipc::Descriptor stop_;
  std::thread thread_;

  std::mutex mutex_;  // all below
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<Instance> instances_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Lane> lanes_;
  std::vector<std::byte> discarded_;
  std::optional<std::pair<ipc::Refusal, std::string>> refusal_;
  std::optional<ipc::Refusal> instance_refusal_;
  std::optional<ipc::FrameType> swallows_;
  ipc::Frame swallowed_{};
  std::uint64_t swallowed_count_ = 0;
  std::uint64_t pings_ = 0;
  std::uint64_t lanes_lost_ = 0;
  ipc::HelloBody last_hello_{};
  std::uint64_t next_id_ = 1;
  std::string last_client_name_;
  std::atomic<bool> silent_{false};
  std::atomic<std::uint32_t> generation_{0};
  std::atomic<std::uint32_t> grace_ms_{0};
  std::atomic<std::uint32_t> ping_interval_ms_{50};
};

// Waits, generously, until the condition holds; false: it never did.
bool eventually(const std::function<bool()>& condition);

}  // namespace ringpost::tests
