// Closes what strangers may have filled. The last reference to a file that a client sent along goes when the message
// that carries it is freed, and the file's own closing then runs in whatever thread did that: a TCP socket with
// SO_LINGER and unsent bytes waits as long as its sender chose (hours), a large unlinked file is freed block by block.
// Neither recvmsg() without a control buffer nor close() of the connection spares us that. So:
//
//     control thread                                  undertaker's thread
//     peeks at each message; reads none that
//       carries descriptors
//     a connection has ended           ──socket──▶    closes it; a timer's signal every 10 ms ends a wait
//     counts it as gone                ◀──closed──    inside of it
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

class Undertaker {
 public:
  Undertaker();   // throws std::system_error
  ~Undertaker();  // leaves open what still waits: the process's exit closes it, and does not linger
  Undertaker(const Undertaker&) = delete;
  Undertaker& operator=(const Undertaker&) = delete;

  // `closed` is called on the undertaker's thread.
  void close(ipc::Descriptor descriptor, std::function<void()> closed);

 private:
  struct Task {
    ipc::Descriptor descriptor;
    std::function<void()> closed;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace ringpost::daemon
