#include "daemon/config/log_fields.hpp"

#include <algorithm>

namespace ringpost::daemon {
namespace {

constexpr char kEnd = '\n';

void append(std::string& payload, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  payload.append(name).append(1, '=').append(value.substr(0, kLogFieldMaxBytes));
  std::replace_if(
      payload.end() - static_cast<std::ptrdiff_t>(std::min(value.size(), kLogFieldMaxBytes)), payload.end(),
      [](char each) { return each < ' ' || each > '~'; }, '?');
  payload += kEnd;
}

}  // namespace

FieldedLine join(std::string_view text, const LogFields& fields) {
  FieldedLine line{std::string(text), {"", static_cast<int>(text.size()), ""}};
  append(line.payload, "INSTANCE", fields.instance);
  append(line.payload, "TOPIC", fields.topic);
  append(line.payload, "CLIENT_PID", fields.client_pid > 0 ? std::to_string(fields.client_pid) : "");
  append(line.payload, "ERROR_CODE", fields.error_code);
  return line;
}

LineParts take_apart(const spdlog::details::log_msg& line) {
  const std::string_view payload(line.payload.data(), line.payload.size());
  if (line.source.empty()) return {payload, {}};
  const std::size_t text_bytes = std::min(static_cast<std::size_t>(line.source.line), payload.size());
  LineParts parts{payload.substr(0, text_bytes), {}};
  for (std::string_view rest = payload.substr(text_bytes); !rest.empty();) {
    const std::size_t end = rest.find(kEnd);
    parts.fields.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
  }
  return parts;
}

}  // namespace ringpost::daemon
