// A network between clients and one broker that can be slow, mute, or gone. A thread for each direction of each connection:
// there are a handful.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <string_view>
#include <thread>

#include "ipc/descriptor.hpp"
#include "tests/kafka_moods/metadata_filter.hpp"

namespace ringpost::tests {

class Proxy {
 public:
  // Listens on the loopback at `port`; each connection there gets one to `broker_port`.
  Proxy(std::uint16_t port, std::uint16_t broker_port);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  void pass();  // as if it were not there
  void delay(std::chrono::milliseconds each_way);
  void limit(std::uint64_t bytes_a_second);  // of each direction of each connection
  void black_hole();   // nothing comes through, and nobody is told; pass() ends it, and nothing was lost
  void name_nobody();  // Metadata's answers come without brokers, until pass()
  void cut();          // ends the connections that are there: FIN
  void reset();        // the same by RST

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }  // to the broker, so far
  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }  // so far

 private:
  struct Link {
    ipc::Descriptor client;
    ipc::Descriptor broker;
    MetadataFilter metadata;
    std::atomic<bool> over{false};
    std::thread to_broker;
    std::thread to_client;
  };

  void accept_all();
  void open_link(ipc::Descriptor client);
  void pump(Link& link, int from, int to, bool to_broker);
  static bool forward(Link& link, int to, std::string_view bytes);
  void end_all(bool by_reset);

  std::uint16_t broker_port_;
  ipc::Descriptor listener_;
  std::atomic<bool> over_{false};
  std::atomic<bool> black_hole_{false};
  std::atomic<bool> names_nobody_{false};
  std::atomic<std::int64_t> delay_ms_{0};
  std::atomic<std::uint64_t> bytes_a_second_{0};  // 0: any number
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> connections_{0};
  std::mutex mutex_;
  std::list<Link> links_;
  std::thread accepting_;
};

}  // namespace ringpost::tests
