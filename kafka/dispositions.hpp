// What is done about each error that can reach a producer: from a broker (positive codes and -1), or made in this process by
// librdkafka. One table, of which docs/kafka-errors.md is the page for people.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::kafka {

enum class Disposition : std::uint8_t {
  kDeliver,    // it is in the topic: done
  kRetry,      // says nothing about the record: sent again, in order
  kDead,       // the record, or a mate of its batch, is refused for good: alone and refused again, it is dead
  kHoldTopic,  // the topic is refused, whatever the record: it waits, with a back-off, for an administrator
  kHoldInstance,  // the same for all topics; most of these come before anything can be sent
  kRefuse,        // about the configuration: `ringpost check` and the start say it
};

struct DispositionRow {
  int code;  // librdkafka's
  Disposition disposition;
  std::string_view why;
};

std::span<const DispositionRow> disposition_table();

// A code that the table does not have: the broker's are judged as kDead, for it may be about the record, and one that goes
// alone delays nobody; our own as kRetry, for nothing was said about the record.
Disposition disposition_of(int code);

// Made by a broker, not in this process.
constexpr bool is_a_brokers(int code) { return code >= -1 && code != 0; }

// E.g. "sent again".
std::string_view name_of(Disposition disposition);

// Every code that this librdkafka has a name for.
std::vector<int> codes_of_librdkafka();

// E.g. "MSG_SIZE_TOO_LARGE (10): Broker: Message size too large".
std::string describe_error(int code);

// Codes that other files or tests speak of by name.
inline constexpr int kMessageTooLargeCode = 10;
inline constexpr int kBatchTooLargeCode = 18;
inline constexpr int kTopicDeniedCode = 29;
inline constexpr int kInvalidRecordCode = 87;

}  // namespace ringpost::kafka
