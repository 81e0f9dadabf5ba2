#include "tests/kafka_moods/traffic.hpp"

#include <chrono>
#include <exception>

#include "tests/kafka_moods/events.hpp"

namespace ringpost::tests {

Traffic::Traffic(const std::string& socket, const std::string& topic)
    : thread_([this, socket, topic] { publish(socket, topic); }) {}

Traffic::~Traffic() { stop(); }

void Traffic::stop() {
  over_ = true;
  if (thread_.joinable()) thread_.join();
}

void Traffic::publish(const std::string& socket, const std::string& topic) try {
  Publisher publisher(socket);
  for (const Pace pace; !over_; std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
    for (const std::uint64_t due = pace.due(); accepted_ < due && !over_ && !rests_;) {
      const int code = publisher.publish(mood_event(topic, accepted_, wall_clock_us()));
      ++attempted_;
      if (code == RINGPOST_OK) {
        ++accepted_;
        continue;
      }
      ++refused_;
      if (ringpost_error_retryable(code) == 0) {
        problem_ = ringpost_last_error_message();
        return;
      }
      break;
    }
  }
} catch (const std::exception& error) {
  problem_ = error.what();
}

}  // namespace ringpost::tests
