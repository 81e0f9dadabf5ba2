// What the benchmarks of a call send to, each a process of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bench/peer.hpp"
#include "ipc/descriptor.hpp"

namespace ringpost::bench {

// What programs do without shared memory: a Unix datagram a message, to a process that reads them.
class DatagramReceiver {
 public:
  explicit DatagramReceiver(int cpu);
  bool send(std::string_view message) const;  // false: the socket is full

 private:
  ipc::Descriptor socket_;
  std::optional<Peer> peer_;
};

// The ready-made queue in shared memory: boost::interprocess::message_queue, one for all senders.
class QueueReceiver {
 public:
  explicit QueueReceiver(int cpu);
  ~QueueReceiver();
  QueueReceiver(const QueueReceiver&) = delete;
  QueueReceiver& operator=(const QueueReceiver&) = delete;
  bool send(std::string_view message) const;  // false: the queue is full

 private:
  struct Queue;
  std::string name_;
  std::unique_ptr<Queue> queue_;
  std::optional<Peer> peer_;
};

// Lanes that somebody drains and nothing else: a record is copied out and its room given back. What a call costs
// through the whole client library, without the daemon's work behind it.
class LaneReceiver {
 public:
  static constexpr const char* kInstance = "kafkaid";
  static constexpr const char* kTopic = "orders";

  LaneReceiver(int cpu, unsigned nap_us);
  ~LaneReceiver();
  LaneReceiver(const LaneReceiver&) = delete;
  LaneReceiver& operator=(const LaneReceiver&) = delete;
  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
  std::optional<Peer> peer_;
};

}  // namespace ringpost::bench
