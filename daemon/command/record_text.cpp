#include "daemon/command/record_text.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>

#include <boost/json.hpp>

namespace ringpost::daemon {
namespace {

namespace json = boost::json;

bool is_utf8(std::string_view bytes) { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

void put(json::object& object, std::string_view name, std::optional<std::string_view> bytes) {
  if (!bytes) {
    object[name] = nullptr;
  } else if (is_utf8(*bytes)) {
    object[name] = *bytes;
  } else {
    object[fmt::format("{}_base64", name)] = base64(*bytes);
  }
}

// Whether a terminal may take the byte for a command: the C0 and C1 controls, and any byte of what is not
// UTF-8.
bool is_risky(unsigned char byte, unsigned char next, bool utf8) {
  const bool c0 = (byte < 0x20 && byte != '\t') || byte == 0x7f;
  const bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
  return c0 || c1 || (!utf8 && byte >= 0x80);
}

std::string or_none(std::optional<std::string_view> bytes, std::string_view none) {
  return bytes ? for_terminal(*bytes) : std::string(none);
}

}  // namespace

std::string for_terminal(std::string_view bytes) {
  const bool utf8 = is_utf8(bytes);
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const auto next = i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : std::uint8_t{0};
    if (byte == '\n') {
      text += "\n           ";
    } else if (!is_risky(byte, next, utf8)) {
      text += bytes[i];
    } else {
      text += fmt::format("\\x{:02x}", byte);
      if (utf8 && byte == 0xc2) {  // the two bytes are one control
        text += fmt::format("\\x{:02x}", next);
        ++i;
      }
    }
  }
  return text;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = (bits << 8U) | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= group.size() ? kDigits[(bits >> (18 - 6 * k)) & 0x3fU] : '=';
    }
  }
  return text;
}

std::string utc_text(std::int64_t unix_ms) {
  constexpr std::int64_t kYear9999Ms = 253'402'300'799'999;
  if (unix_ms < 0 || unix_ms > kYear9999Ms) {
    return "(no time)";
  }
  const std::time_t seconds = unix_ms / 1'000;
  std::tm calendar{};
  (void)gmtime_r(&seconds, &calendar);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &calendar);
  return fmt::format("{}.{:03}Z", std::string_view(text.data(), size), unix_ms % 1'000);
}

std::string json_text(std::string_view text) {
  if (is_utf8(text)) {
    return std::string(text);
  }
  std::string result;
  while (!text.empty()) {
    std::size_t size = std::min<std::size_t>(text.size(), 4);
    while (size != 0 && !is_utf8(text.substr(0, size))) {
      --size;
    }
    result += size == 0 ? "\xef\xbf\xbd" : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return result;
}

void add_payload(json::object& object, const PayloadFields& payload) {
  put(object, "key", payload.key);
  json::array headers;
  for (const auto& [name, value] : payload.headers) {
    json::object header;
    put(header, "name", name);
    put(header, "value", value);
    headers.push_back(std::move(header));
  }
  object["headers"] = std::move(headers);
  put(object, "message", payload.message);
}

std::string record_json(const RecordFields& record) {
  json::object object;
  object["topic"] = record.topic;
  object["partition"] = record.partition;
  object["offset"] = record.offset;
  object["timestamp"] =
      record.timestamp_ms ? json::value(utc_text(*record.timestamp_ms)) : json::value(nullptr);
  object["timestamp_ms"] = record.timestamp_ms ? json::value(*record.timestamp_ms) : json::value(nullptr);
  add_payload(object, record);
  return json::serialize(object);
}

std::string record_for_people(const RecordFields& record) {
  return fmt::format("{} partition {} offset {}  {}\n", record.topic, record.partition, record.offset,
                     record.timestamp_ms ? utc_text(*record.timestamp_ms) : "(no time)") +
         payload_for_people(record);
}

std::string payload_for_people(const PayloadFields& record) {
  std::string text = fmt::format("  key      {}\n", or_none(record.key, "(none)"));
  for (const auto& [name, value] : record.headers) {
    text += fmt::format("  header   {} = {}\n", for_terminal(name), or_none(value, "(null)"));
  }
  return text + fmt::format("  message  {}\n", or_none(record.message, "(null: a tombstone)"));
}

}  // namespace ringpost::daemon
