// A record as `ringpost consume` prints it: for people, and as one line of JSON (README.md has its fields).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

namespace ringpost::daemon {

// Views into whatever holds them.
struct PayloadFields {
  std::optional<std::string_view> key;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
  std::optional<std::string_view> message;  // nullopt: a tombstone
};

// Views into whatever holds the record.
struct RecordFields : PayloadFields {
  std::string_view topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::int64_t> timestamp_ms;  // Unix epoch, UTC; nullopt: the record has none
};

// One line without its end. Bytes that are not UTF-8 come as base64, under a name that says so.
std::string record_json(const RecordFields& record);

// Some lines, the last one ended. What could upset a terminal is shown as \xNN.
std::string record_for_people(const RecordFields& record);

// The payload's part of these two.
void add_payload(boost::json::object& object, const PayloadFields& payload);
std::string payload_for_people(const PayloadFields& payload);

// Lines after the first stand under the first, 11 columns in.
std::string for_terminal(std::string_view bytes);

// For a text whose writer can't be trusted with UTF-8: U+FFFD in place of what is none.
std::string json_text(std::string_view text);

std::string base64(std::string_view bytes);  // RFC 4648, padded

// "2026-11-22T23:28:43.123Z"; "(no time)" for what no calendar has.
std::string utc_text(std::int64_t unix_ms);

}  // namespace ringpost::daemon
