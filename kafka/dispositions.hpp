// What is done about each error that a record's delivery report can carry. One table, in code and in
// kafka/README.md. Codes are librdkafka's: positive ones are the broker's own, negative ones are made in this
// process.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ringpost::kafka {

enum class Disposition : std::uint8_t {
  kDeliver,  // it is in the topic: done
  kRetry,    // says nothing about the record: sent again, in order
  kDead,     // the record, or a mate of its batch, is refused for good: alone and refused again, it is dead
  kHold,     // the topic is refused, whatever the record: it waits, with a back-off, for an administrator
};

struct DispositionRow {
  int code;
  Disposition disposition;
  std::string_view why;
};

std::span<const DispositionRow> disposition_table();

// A code that the table does not have: the broker's are judged as kDead, our own as kRetry.
Disposition disposition_of(int code);

// E.g. "MSG_SIZE_TOO_LARGE (10): Broker: Message size too large".
std::string describe_error(int code);

// Codes that other files or tests speak of by name.
inline constexpr int kMessageTooLargeCode = 10;
inline constexpr int kBatchTooLargeCode = 18;
inline constexpr int kTopicDeniedCode = 29;
inline constexpr int kInvalidRecordCode = 87;

}  // namespace ringpost::kafka
