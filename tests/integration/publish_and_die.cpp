// A script host that ends right after its last publish: by _exit in the next instruction, or by its own
// SIGKILL.
//
//   publish_and_die SOCKET INSTANCE TOPIC RUN COUNT exit|kill
//
// Publishes COUNT events {"run":RUN,"n":0..COUNT-1}. Ends with 1 and the library's message when one is
// refused.
#include <signal.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/ringpost.h"

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + argument_count);
  if (words.size() != 7) return 2;
  const std::string key = "run-" + words[4];
  const int count = std::stoi(words[5]);
  const bool killed = words[6] == "kill";

  ringpost_options options{};
  options.socket_path = words[1].c_str();
  ringpost* handle = nullptr;
  int result = ringpost_open(&options, &handle);

  ringpost_event event{};
  event.instance = words[2].c_str();
  event.topic = words[3].c_str();
  event.key = key.data();
  event.key_size = key.size();
  for (int number = 0; number < count && result == 0; ++number) {
    const std::string message = "{\"run\":" + words[4] + ",\"n\":" + std::to_string(number) + "}";
    event.message = message.data();
    event.message_size = message.size();
    result = ringpost_publish(handle, &event);
  }
  if (result != 0) {
    std::fprintf(stderr, "%s\n", ringpost_last_error_message());
    return 1;
  }
  if (killed) ::kill(::getpid(), SIGKILL);
  ::_exit(0);
}
