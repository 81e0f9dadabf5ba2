#include "daemon/command/publish_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>
#include <thread>

#include "client-lib/c_api.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/command/interruption.hpp"
#include "daemon/command/line_reader.hpp"
#include "ipc/limits.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::chrono::milliseconds kRetryWaitFirst{5};
constexpr std::chrono::milliseconds kRetryWaitMax{500};
constexpr int kGoOnConnecting = -1;  // ringpost_options.connect_timeout_ms

struct CloseRingpost {
  void operator()(ringpost_handle* handle) const { ringpost_close(handle); }
};
using Handle = std::unique_ptr<ringpost_handle, CloseRingpost>;

// One run of the command: the connection, what every event of it has in common, and the counts.
class PublishRun {
 public:
  PublishRun(const PublishOptions& options, Handle handle) : options_(options), handle_(std::move(handle)) {
    for (const PublishHeader& header : options.headers) {
      headers_.push_back({header.name.c_str(), header.value ? header.value->data() : nullptr,
                          header.value ? header.value->size() : 0});
    }
  }

  void publish(std::string_view message, std::uint64_t line_number);
  void refuse(std::string_view what, std::uint64_t line_number);
  int finish();  // prints the counts

 private:
  int try_once(std::string_view message);
  int try_until_accepted(std::string_view message, std::uint64_t line_number);
  std::string at(std::uint64_t line_number) const {
    return options_.lines ? fmt::format("line {}: ", line_number) : std::string();
  }

  const PublishOptions& options_;
  Handle handle_;
  std::vector<ringpost_header> headers_;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  bool no_daemon_ = false;
};

int PublishRun::try_once(std::string_view message) {
  ringpost_event event{};
  event.instance = options_.instance.c_str();
  event.topic = options_.topic.c_str();
  event.message = message.data();
  event.message_size = message.size();
  event.key = options_.key ? options_.key->data() : nullptr;
  event.key_size = options_.key ? options_.key->size() : 0;
  event.headers = headers_.data();
  event.header_count = headers_.size();
  return ringpost_publish(handle_.get(), &event);
}

int PublishRun::try_until_accepted(std::string_view message, std::uint64_t line_number) {
  std::chrono::milliseconds wait = kRetryWaitFirst;
  bool told = false;
  int code = try_once(message);
  while (code != 0 && options_.retry && ringpost_error_retryable(code) != 0 && !interrupted()) {
    if (!told && wait == kRetryWaitMax) {  // a short wait needs no words
      fmt::print(stderr, "ringpost publish: {}waiting: {}\n", at(line_number), ringpost_last_error_message());
      told = true;
    }
    std::this_thread::sleep_for(wait);
    wait = std::min(wait * 2, kRetryWaitMax);
    code = try_once(message);
  }
  return code;
}

void PublishRun::publish(std::string_view message, std::uint64_t line_number) {
  const int code = try_until_accepted(message, line_number);
  if (code == 0) {
    ++accepted_;
    return;
  }
  const std::string_view name = ringpost_error_name(code);
  no_daemon_ = no_daemon_ || name == "DAEMON_UNAVAILABLE";
  refuse(fmt::format("{}: {}", name, ringpost_last_error_message()), line_number);
}

void PublishRun::refuse(std::string_view what, std::uint64_t line_number) {
  ++refused_;
  fmt::print(stderr, "ringpost publish: {}refused: {}\n", at(line_number), what);
}

int PublishRun::finish() {
  fmt::print("{} accepted, {} refused\n", accepted_, refused_);
  if (no_daemon_) {
    return kExitUnavailable;
  }
  return refused_ == 0 ? kExitOk : kExitFailed;
}

std::string too_long() {
  return fmt::format("MESSAGE_TOO_LARGE: the message has more than {} bytes, which no configuration allows",
                     ipc::kEventMaxBytes);
}

// Blank lines are passed over: files of JSON lines end with them.
bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r") == std::string_view::npos; }

bool publish_input(const PublishOptions& options, PublishRun& run) {
  if (isatty(STDIN_FILENO) == 1) {
    fmt::print(stderr, "ringpost publish: reading from the terminal; end with Ctrl-D\n");
  }
  LineReader reader(STDIN_FILENO, ipc::kEventMaxBytes);
  while (!interrupted()) {
    const LineReader::Line line = options.lines ? reader.next() : reader.rest();
    if (line.what == LineReader::What::kError) {
      fmt::print(stderr, "ringpost publish: can't read standard input: {}\n",
                 std::generic_category().message(errno));
      return false;
    }
    if (line.what == LineReader::What::kEnd || interrupted()) {
      return true;
    }
    if (line.what == LineReader::What::kTooLong) {
      run.refuse(too_long(), line.number);
    } else if (!options.lines || !is_blank(line.text)) {
      run.publish(line.text, line.number);
    }
    if (!options.lines) {
      return true;
    }
  }
  return true;
}

Handle open_ringpost(const PublishOptions& options, const Endpoint& endpoint) {
  ringpost_options open_options{};
  open_options.socket_path = endpoint.socket.c_str();
  open_options.client_name = "ringpost publish";
  open_options.connect_timeout_ms = options.retry ? kGoOnConnecting : 0;
  ringpost_handle* handle = nullptr;
  if (ringpost_open(&open_options, &handle) != 0) {
    fmt::print(stderr, "ringpost publish: {}\n", ringpost_last_error_message());
    return nullptr;
  }
  return Handle(handle);
}

}  // namespace

int run_publish(const PublishOptions& options) {
  const auto endpoint = find_endpoint(options.endpoint);
  if (!endpoint) {
    return kExitConfig;
  }
  Handle handle = open_ringpost(options, *endpoint);
  if (!handle) {
    return kExitUnavailable;
  }
  PublishRun run(options, std::move(handle));
  watch_for_interruption();
  bool input_good = true;
  if (options.message == "-") {
    input_good = publish_input(options, run);
  } else {
    run.publish(options.message, 1);
  }
  const int code = run.finish();
  end_as_interrupted();
  return input_good ? code : kExitFailed;
}

}  // namespace ringpost::daemon
