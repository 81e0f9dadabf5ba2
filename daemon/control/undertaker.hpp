// Closes what strangers may have filled. The last reference to a file that a client sent along goes when the message
// that carries it is freed, and the file's own closing then runs in whatever thread did that: a TCP socket with
// SO_LINGER and unsent bytes waits as long as its sender chose (hours), a large unlinked file is freed block by block.
// Neither recvmsg() without a control buffer nor close() of the connection spares us that. So:
//
//     Linux from 6.16 on refuses descriptors for this socket (SO_PASSRIGHTS, socket_file.cpp). Before that:
//
//     control thread                                  undertaker's threads
//     peeks at each message; reads none that
//       carries descriptors
//     a connection has ended; with nothing
//       unread in it, it is closed at once
//     else                             ──socket──▶    closes it; a timer's signal every 10 ms ends a wait
//     counts it as gone                ◀──closed──    inside of it, if that can be interrupted
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

class Undertaker {
 public:
  Undertaker();   // throws std::system_error
  ~Undertaker();  // leaves open what still waits: the process's exit closes it, and does not linger
  Undertaker(const Undertaker&) = delete;
  Undertaker& operator=(const Undertaker&) = delete;

  // Shuts the connection down, so that its peer knows at once, and closes it. `closed` is called here, or on one of
  // the undertaker's threads.
  void close(ipc::Descriptor connection, std::function<void()> closed);

  static constexpr std::size_t kThreadsMax =
      8;  // closings that can't be interrupted hold up no others, until so many

 private:
  struct Task {
    ipc::Descriptor connection;
    std::function<void()> closed;
  };
  // Outlives the undertaker where a thread is inside a close that does not end: nobody waits for that one.
  struct Shared {
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<Task> tasks;
    std::size_t threads = 0;
    std::size_t idle = 0;
    bool stopping = false;
  };
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace ringpost::daemon
