// Opens many handles, publishes through each, says what became of it, and stays until its input ends or it is killed.
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "client-lib/c_api.hpp"

namespace {

constexpr int kRetries = 5'000;

struct Outcome {
  int open = 0;
  int refused = 0;  // by the daemon's quotas
  int accepted = 0;
};

int publish(ringpost_handle* handle, const std::string& key, int number) {
  const std::string message = std::to_string(number);
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = message.data();
  event.message_size = message.size();
  event.key = key.data();
  event.key_size = key.size();
  int code = 0;
  for (int attempt = 0; attempt < kRetries; ++attempt) {
    code = ringpost_publish(handle, &event);
    if (code == 0 || ringpost_error_retryable(code) == 0) break;
  }
  return code;
}

}  // namespace

// crowd_client SOCKET HANDLES EVENTS
int main(int, char** arguments) {
  const int handles_wanted = std::stoi(arguments[2]);
  const int events = std::stoi(arguments[3]);
  ringpost_options options{};
  options.socket_path = arguments[1];
  options.client_name = "crowd";
  options.connect_timeout_ms = 30'000;
  Outcome outcome;
  std::vector<ringpost_handle*> handles;
  for (int number = 0; number < handles_wanted; ++number) {
    ringpost_handle* handle = nullptr;
    if (ringpost_open(&options, &handle) != 0) {
      ++outcome.refused;
      continue;
    }
    ++outcome.open;
    handles.push_back(handle);
    for (int event = 0; event < events; ++event) {
      if (publish(handle, "crowd", event) == 0) ++outcome.accepted;
    }
  }
  std::cout << outcome.open << ' ' << outcome.refused << ' ' << outcome.accepted << '\n' << std::flush;
  std::cin.get();
  std::for_each(handles.begin(), handles.end(), ringpost_close);
}
