#include "tests/support/publisher.hpp"

#include <stdexcept>

#include "tests/support/wait_until.hpp"

namespace ringpost::tests {

Publisher::Publisher(const std::string& socket) {
  ringpost_options options{};
  options.socket_path = socket.c_str();
  options.client_name = "test";
  options.connect_timeout_ms = 600'000;  // a daemon under a tracer, on a machine that is full, takes its time
  if (ringpost_open(&options, &handle_) != 0) throw std::runtime_error(ringpost_last_error_message());
}

Publisher::~Publisher() { ringpost_close(handle_); }

int Publisher::publish(const Event& event) {
  std::vector<ringpost_header> headers;
  headers.reserve(event.headers.size());
  for (const auto& [name, value] : event.headers)
    headers.push_back({name.c_str(), value.data(), value.size()});
  ringpost_event raw{};
  raw.instance = event.instance.c_str();
  raw.topic = event.topic.c_str();
  raw.message = event.message.data();
  raw.message_size = event.message.size();
  raw.key = event.key ? event.key->data() : nullptr;
  raw.key_size = event.key ? event.key->size() : 0;
  raw.headers = headers.data();
  raw.header_count = headers.size();
  return ringpost_publish(handle_, &raw);
}

int Publisher::publish_patiently(const Event& event) {
  int code = 0;
  wait_until([&] {
    code = publish(event);
    return code == 0 || ringpost_error_retryable(code) == 0;
  });
  return code;
}

}  // namespace ringpost::tests
