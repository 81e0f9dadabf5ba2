// The C ABI as a script host would use it, in a few words for tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client-lib/c_api.hpp"

namespace ringpost::tests {

struct Event {
  std::string instance;
  std::string topic;
  std::string message;
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
};

class Publisher {
 public:
  explicit Publisher(
      const std::string& socket);  // throws with the library's message when there is no connection
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  int publish(const Event& event);  // 0 or a RINGPOST_* code; any thread

  // Publishes until it is accepted, as long as the answer is one of the retryable codes; the last code
  // otherwise.
  int publish_patiently(const Event& event);

 private:
  ringpost_handle* handle_ = nullptr;
};

}  // namespace ringpost::tests
