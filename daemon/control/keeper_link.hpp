// The daemon's side of the keeper (keeper/keeper_frames.hpp): what it holds for us, and what we have it keep.
//
//     open: connect, Take ──▶ every descriptor of the predecessor (after its end; or of this process, before it began anew)
//       │
//     start ──▶ connected ──connection ends──▶ away ──path: connects again──▶ offering everything ──settled──▶ connected
//                                                └─ fd:N: our parent is dead, and stays so
//
// Belongs to the control thread; nothing here waits, but open().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "ipc/descriptor.hpp"
#include "keeper/keeper_frames.hpp"

namespace ringpost::daemon {

struct Held {
  std::string name;
  ipc::Descriptor descriptor;
};

struct Taken {
  std::vector<Held> held;
  std::uint64_t takes = 0;        // which take this is, from 1
  bool ends_with_daemon = false;  // the keeper is our parent: when we are told to stop, it ends, too
  bool takes_again = false;       // this process may take again over its connection
};

class KeeperLink {
 public:
  using Kept = std::function<void(bool)>;
  using Dropped = std::function<void()>;
  using Changed = std::function<void(bool connected)>;

  // `where`: "fd:N", a socket's path, or empty: no keeper is configured, and null comes back. Connects and takes, waiting
  // up to `patience` for a keeper that is being restarted and for the predecessor's end: before there are threads.
  // `passed`: the connection that this process had before it began anew, if it has. Throws std::runtime_error that says what to do.
  static std::unique_ptr<KeeperLink> open(const std::string& where, std::chrono::milliseconds patience,
                                          ipc::Descriptor passed = {});
  ~KeeperLink();
  KeeperLink(const KeeperLink&) = delete;
  KeeperLink& operator=(const KeeperLink&) = delete;

  Taken take_held();                        // once; what was taken counts as kept
  void start(boost::asio::io_context& io);  // from now on asynchronous; it has to outlive this

  // A duplicate of the descriptor stays here for as long as it is kept, for a keeper that was restarted. `done` is called
  // from the io_context, in the order of the calls, once the keeper has it (true), or when it is full or not there now
  // (false: nothing is kept under the name). A name that is kept already gets the new descriptor.
  void keep(std::string name, int descriptor, Kept done);
  // This same file is kept under that name already.
  bool keeps(const std::string& name, int descriptor) const;
  // Idempotent. `done` is called like that of keep(), also when the keeper is not there. Close the descriptor after it,
  // so that the keeper is not the last who does.
  void drop(const std::string& name, Dropped done = {});

  bool connected() const { return phase_ == Phase::kConnected; }
  std::uint64_t takes() const { return takes_; }
  bool ends_with_daemon() const { return ends_with_daemon_; }
  bool takes_again() const { return takes_again_; }
  // It is there, and has answered everything.
  bool is_settled() const { return connected() && unsent_.empty() && unanswered_.empty(); }
  // For this process when it begins anew; when it is settled, and for the last.
  int connection() const { return stream_ ? stream_->native_handle() : -1; }
  std::size_t held() const { return kept_.size(); }

  // Called from the io_context when the keeper is lost, and when it has everything again.
  void on_change(Changed changed) { changed_ = std::move(changed); }

 private:
  using Stream = boost::asio::posix::stream_descriptor;
  using Shared = std::shared_ptr<const ipc::Descriptor>;
  enum class Phase : std::uint8_t { kTaken, kConnected, kAway, kOffering };

  struct Question {
    keeper::Frame frame{};
    Shared descriptor;  // that goes with it, until it is sent
    Kept kept;
    Dropped dropped;
    bool is_offer = false;  // a Keep of ours, after the keeper was away
  };

  explicit KeeperLink(std::string where);
  void take(std::chrono::steady_clock::time_point deadline, ipc::Descriptor passed);
  enum class Handing : std::uint8_t { kPending, kDone, kEnded };
  Handing receive_taken();

  void use(int socket);
  void ask(Question question);
  void send();
  template <typename Call>
  auto on_this_connection(Call call);
  void wait_for_room();
  void send_later();
  void room_has_come();
  void wait_for_answers();
  void read();
  bool answer(const keeper::Frame& frame);
  void settle(Question& question, bool kept);
  void lost();
  void fail_all();
  void reconnect_later();
  void reconnect();
  void offer_all();
  void post(std::function<void()> call);

  std::string where_;
  ipc::Descriptor socket_;  // until start()
  Taken taken_;
  std::uint64_t takes_ = 0;
  bool ends_with_daemon_ = false;
  bool takes_again_ = false;
  Phase phase_ = Phase::kTaken;
  std::map<std::string, Shared> kept_;
  std::uint64_t number_;         // of the last question
  std::deque<Question> unsent_;  // in their order
  std::deque<Question> unanswered_;
  bool waits_for_room_ = false;
  std::chrono::milliseconds pause_{0};  // before the last attempt to connect
  Changed changed_;
  boost::asio::io_context* io_ = nullptr;
  std::unique_ptr<Stream> stream_;
  std::uint64_t connection_ = 0;  // the how-manieth
  std::unique_ptr<boost::asio::steady_timer> timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for calls that are posted
};

}  // namespace ringpost::daemon
