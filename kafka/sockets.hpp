// The sockets of one client of librdkafka, by broker: librdkafka makes and closes its connections itself, and has no call that ends
// one. What is on its way on a connection that ends is sent again on the next one, by the same producer, and brokers drop what
// they have had already.
#pragma once

#include <librdkafka/rdkafka.h>
#include <sys/socket.h>

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace ringpost::kafka {

// Called by librdkafka's threads and by its owner's. It must outlive the client.
class Sockets {
 public:
  void watch(rd_kafka_conf_t* conf);         // before the client is made of it; takes its opaque pointer
  void shut_down(std::string_view address);  // "kafka1:9092"

 private:
  int connect(int socket, const sockaddr* address, int size, const char* broker);
  int close(int socket);

  std::mutex mutex_;
  std::map<int, std::string>
      brokers_;  // by descriptor; under mutex_: one that is closed may be another's at once
};

}  // namespace ringpost::kafka
