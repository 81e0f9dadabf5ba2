#include "kafka/sockets.hpp"

#include <unistd.h>

#include <cerrno>

namespace ringpost::kafka {

void Sockets::watch(rd_kafka_conf_t* conf) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_connect_cb(
      conf, [](int socket, const sockaddr* address, int size, const char* broker, void* self) {
        return static_cast<Sockets*>(self)->connect(socket, address, size, broker);
      });
  rd_kafka_conf_set_closesocket_cb(
      conf, [](int socket, void* self) { return static_cast<Sockets*>(self)->close(socket); });
}

// As librdkafka does it itself: the socket does not block, and 0 means that it connects or has connected.
int Sockets::connect(int socket, const sockaddr* address, int size, const char* broker) {
  {
    const std::lock_guard lock(mutex_);
    brokers_.insert_or_assign(socket, broker);
  }
  const bool begun = ::connect(socket, address, static_cast<socklen_t>(size)) == 0 || errno == EINPROGRESS;
  return begun ? 0 : errno;
}

int Sockets::close(int socket) {
  const std::lock_guard lock(mutex_);
  brokers_.erase(socket);
  return ::close(socket);
}

void Sockets::shut_down(std::string_view address) {
  const std::lock_guard lock(mutex_);
  for (const auto& [socket, broker] : brokers_) {
    if (broker == address) ::shutdown(socket, SHUT_RDWR);
  }
}

}  // namespace ringpost::kafka
