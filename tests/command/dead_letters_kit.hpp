// Dead letters in a state_dir, written as the daemon writes them.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "daemon/store/log.hpp"
#include "daemon/store/stored_record.hpp"

namespace ringpost::tests {

struct Letter {
  std::uint64_t sequence = 1;
  std::string topic = "orders";
  std::optional<std::string> key = {};
  std::string message = R"({"id":1})";
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  daemon::LetterReason reason = daemon::LetterReason::kRefusedByBroker;
  std::int64_t time_ms = 1'795'390'123'123;  // 2026-11-22T23:28:43.123Z
  std::string detail = {};
  std::string client = {};
  std::int32_t client_pid = 4711;
};

// "00112233-4455-6677-8899-aabbccddeeff-SEQUENCE"
inline std::string id_of(std::uint64_t sequence) {
  return "00112233-4455-6677-8899-aabbccddeeff-" + std::to_string(sequence);
}

inline std::vector<std::byte> bytes_of_record(const Letter& letter) {
  std::vector<std::byte> headers;
  for (const auto& [name, value] : letter.headers) {
    const ipc::HeaderField field{name, value};
    headers.resize(headers.size() + ipc::header_field_bytes(field));
    ipc::write_header_field(headers.data() + headers.size() - ipc::header_field_bytes(field), field);
  }
  const std::string before = letter.topic + letter.key.value_or("");
  const std::size_t parts = before.size() + headers.size() + letter.message.size();
  ipc::RecordHeader header{};
  header.size = static_cast<std::uint32_t>(ipc::align_record(sizeof header + parts));
  header.flags = letter.key ? ipc::kRecordHasKey : 0;
  header.header_count = static_cast<std::uint16_t>(letter.headers.size());
  header.sequence = letter.sequence;
  header.topic_size = static_cast<std::uint16_t>(letter.topic.size());
  header.key_size = static_cast<std::uint32_t>(letter.key.value_or("").size());
  header.headers_size = static_cast<std::uint32_t>(headers.size());
  header.message_size = static_cast<std::uint32_t>(letter.message.size());
  std::vector<std::byte> record(header.size);
  std::memcpy(record.data(), &header, sizeof header);
  std::byte* to = record.data() + sizeof header;
  std::memcpy(to, before.data(), before.size());
  if (!headers.empty()) std::memcpy(to + before.size(), headers.data(), headers.size());
  std::memcpy(to + before.size() + headers.size(), letter.message.data(), letter.message.size());
  return record;
}

// The letters' log of one instance, open for writing.
class LettersLog : daemon::LogVisitor {
 public:
  LettersLog(const std::string& state_dir, std::string instance) : instance_(std::move(instance)) {
    daemon::Log::Options options;
    options.directory = state_dir + "/" + instance_;
    options.kind = daemon::Kind::kLetters;
    options.sync = daemon::Log::Sync::kNever;
    std::filesystem::create_directories(options.directory);
    std::vector<daemon::Problem> problems;
    log_ = daemon::Log::open(daemon::real_files(), options, *this, problems);
    if (log_ == nullptr) throw std::runtime_error("no log in " + options.directory);
  }

  daemon::Place add(const Letter& letter, bool with_record = true) {
    const std::vector<std::byte> record = bytes_of_record(letter);
    daemon::StoredLetter stored;
    for (std::size_t i = 0; i < 16; ++i) stored.record.arena_id[i] = static_cast<std::uint8_t>(i * 0x11);
    stored.record.sequence = letter.sequence;
    stored.record.create_time_ms = letter.time_ms - 1'000;
    stored.record.client_uid = 1000;
    stored.record.client_pid = letter.client_pid;
    stored.record.attempts = 3;
    stored.record.partition = with_record ? 2 : -1;
    if (with_record) stored.record.record = record;
    stored.reason = letter.reason;
    stored.code = letter.reason == daemon::LetterReason::kRefusedByBroker ? 10 : 0;
    stored.time_ms = letter.time_ms;
    stored.instance = instance_;
    stored.client = letter.client;
    stored.detail = letter.detail;
    std::vector<std::byte> payload;
    daemon::encode(stored, payload);
    return add_payload(payload);
  }

  daemon::Place add_payload(const std::vector<std::byte>& payload) {
    const std::span<const std::byte> one(payload);
    std::vector<daemon::Place> places;
    if (log_->append({&one, 1}, places) != 0) throw std::runtime_error("append");
    return places.at(0);
  }

  void put_mark(daemon::Place place, std::uint8_t mark) {
    if (log_->mark(place, mark) != 0 || log_->flush_marks() != 0) throw std::runtime_error("mark");
  }

 private:
  void frame(daemon::Place /*place*/, std::span<const std::byte> /*payload*/) override {}

  std::string instance_;
  std::unique_ptr<daemon::Log> log_;
};

}  // namespace ringpost::tests
