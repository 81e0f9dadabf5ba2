// The eventfd that librdkafka's queues write to when one of them is no longer empty.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {

class Wakeup {
 public:
  Wakeup() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) {
      throw std::system_error(errno, std::generic_category(), "eventfd for Kafka's reports");
    }
  }
  ~Wakeup() { close(fd_); }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  int fd() const { return fd_; }

  // Before the queues are read: what comes after that makes the descriptor readable again.
  void clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = read(fd_, &count, sizeof count);  // nothing to read is no error
  }

  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t size = write(fd_, &one, sizeof one);  // a full counter is readable already
  }

  // librdkafka writes once for each time that the queue stops being empty: whoever polls, polls until NULL.
  void watch(rd_kafka_queue_t* queue) const {
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, fd_, &one, sizeof one);
  }
  static void unwatch(rd_kafka_queue_t* queue) { rd_kafka_queue_io_event_enable(queue, -1, nullptr, 0); }

 private:
  int fd_;
};

}  // namespace ringpost::kafka
