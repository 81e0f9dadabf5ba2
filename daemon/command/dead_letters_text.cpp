#include "daemon/command/dead_letters_text.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "daemon/command/dead_letters_filter.hpp"
#include "daemon/command/record_text.hpp"

namespace ringpost::daemon {
namespace {

namespace json = boost::json;

// Of bytes that could not be read back nothing but the facts is left.
bool has_record(const StoredLetter& letter) { return !letter.record.record.empty(); }

PayloadFields payload_of(const StoredLetter& letter) {
  PayloadFields payload;
  if (!has_record(letter)) {
    return payload;
  }
  const ipc::RecordView& view = letter.record.view;
  payload.key = view.key;
  payload.message = view.message;
  ipc::HeaderReader headers(view.headers);
  while (const auto header = headers.next()) {
    payload.headers.emplace_back(header->name, header->value);
  }
  return payload;
}

json::object facts_of(const StoredLetter& letter, LetterState state) {
  const StoredRecord& record = letter.record;
  json::object object;
  object["id"] = letter_id(record);
  object["instance"] = letter.instance;
  object["topic"] = has_record(letter) ? json::value(record.view.topic) : json::value();
  object["partition"] = record.partition >= 0 ? json::value(record.partition) : json::value();
  object["state"] = to_string(state);
  object["reason"] = to_string(letter.reason);
  object["code"] = letter.code != 0 ? json::value(letter.code) : json::value();
  object["detail"] = json_text(letter.detail);
  object["time"] = utc_text(letter.time_ms);
  object["time_ms"] = letter.time_ms;
  object["published"] = utc_text(record.create_time_ms);
  object["published_ms"] = record.create_time_ms;
  object["attempts"] = record.attempts;
  object["bytes"] = letter_event_bytes(letter);
  object["client"] = json_text(letter.client);
  object["client_uid"] = record.client_uid;
  object["client_pid"] = record.client_pid;
  return object;
}

std::string reason_line(const StoredLetter& letter) {
  std::string text(to_string(letter.reason));
  if (letter.code != 0) {
    text += fmt::format(" (librdkafka's code {})", letter.code);
  }
  return letter.detail.empty() ? text : fmt::format("{}: {}", text, for_terminal(letter.detail));
}

std::string client_line(const StoredLetter& letter) {
  const StoredRecord& record = letter.record;
  return fmt::format(
      "{}{}uid {}, {}", for_terminal(letter.client), letter.client.empty() ? "" : ", ", record.client_uid,
      record.client_pid == 0 ? "in another pid namespace" : fmt::format("pid {}", record.client_pid));
}

}  // namespace

std::size_t letter_event_bytes(const StoredLetter& letter) {
  return has_record(letter) ? letter.record.view.event_bytes() : 0;
}

std::string letter_json(const StoredLetter& letter, LetterState state) {
  return json::serialize(facts_of(letter, state));
}

std::string letter_json_with_payload(const StoredLetter& letter, LetterState state) {
  json::object object = facts_of(letter, state);
  add_payload(object, payload_of(letter));
  return json::serialize(object);
}

std::string letter_for_people(const StoredLetter& letter, LetterState state) {
  const StoredRecord& record = letter.record;
  std::string text = letter_id(record) + '\n';
  const auto add = [&](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<9}{}\n", name, value);
  };
  add("instance", letter.instance);
  add("topic", !has_record(letter)     ? "(not known)"
               : record.partition >= 0 ? fmt::format("{} partition {}", record.view.topic, record.partition)
                                       : std::string(record.view.topic));
  add("state", to_string(state));
  add("reason", reason_line(letter));
  add("since", utc_text(letter.time_ms));
  add("publish", utc_text(record.create_time_ms));
  add("attempts", fmt::format("{}", record.attempts));
  add("client", client_line(letter));
  add("bytes", fmt::format("{}", letter_event_bytes(letter)));
  return has_record(letter) ? text + payload_for_people(payload_of(letter))
                            : text + "  message  (its bytes could not be read back from the disk)\n";
}

}  // namespace ringpost::daemon
