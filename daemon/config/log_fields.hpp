// What a line is about, beside its text: fields of their own in the journal (journalctl INSTANCE=kafkaid), nothing on stderr.
//
// spdlog's queue carries one text a line and a place in the source code. So the fields travel behind the text, and the place's
// line number says where the text ends:
//
//     the text of the line│INSTANCE=kafkaid\nTOPIC=orders\n
//                         ▲ source.line
//
// What a client or a broker says may be in the text, whatever it holds: it can't pass for a field.
#pragma once

#include <spdlog/common.h>
#include <spdlog/details/log_msg.h>
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::daemon {

// Those that are empty, or 0, are left out. A process of another PID namespace has the pid 0 here.
struct LogFields {
  std::string_view instance{};
  std::string_view topic{};
  pid_t client_pid = 0;
  // A code of ringpost.h (NOT_CONNECTED), Kafka's or librdkafka's name (TOPIC_AUTHORIZATION_FAILED), errno's (ENOSPC), a
  // refusal or a dead letter's reason as the status has them (too_many_clients, timed_out).
  std::string_view error_code{};
};

// Of a value; the longest name of a topic. What is longer is cut, and what is no printable character of ASCII is '?'.
inline constexpr std::size_t kLogFieldMaxBytes = 249;

struct FieldedLine {
  std::string payload;
  spdlog::source_loc place;
};
FieldedLine join(std::string_view text, const LogFields& fields);

struct LineParts {
  std::string_view text;
  std::vector<std::string_view> fields;  // "INSTANCE=kafkaid"
};
LineParts take_apart(const spdlog::details::log_msg& line);

}  // namespace ringpost::daemon
