#include "kafka/dispositions.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>

namespace ringpost::kafka {
namespace {

static_assert(kMessageTooLargeCode == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
static_assert(kBatchTooLargeCode == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE);
static_assert(kTopicDeniedCode == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
static_assert(kInvalidRecordCode == RD_KAFKA_RESP_ERR_INVALID_RECORD);

using enum Disposition;

constexpr std::array kTable = {
    DispositionRow{RD_KAFKA_RESP_ERR_NO_ERROR, kDeliver, "acknowledged by all in-sync replicas"},
    DispositionRow{RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, kDeliver, "the broker has it already"},
    // About this record, or about one of its batch.
    DispositionRow{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, kDead,
                   "over the topic's limit; on more than one: split"},
    DispositionRow{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, kDead,
                   "over the segment size; on more than one: split"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_RECORD, kDead,
                   "null key on a compacted topic, or a broker's validator"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, kDead, "outside the topic's window of time stamps"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, kDead,
                   "headers on an old message format"},
    DispositionRow{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, kDead, "a policy of the cluster"},
    // About the topic: an administrator can mend it.
    DispositionRow{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, kHold, "this user may not write the topic"},
    DispositionRow{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, kHold, "the cluster does not take this name"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, kHold,
                   "the topic does not take our compression"},
    DispositionRow{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, kHold, "no right to write idempotently"},
    // About a moment of the cluster: some of these are reported as final by librdkafka, and are not.
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN, kRetry, "the broker does not know either"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_MSG, kRetry, "CORRUPT_MESSAGE: damaged on the way"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, kRetry,
                   "may be stale; missing topics are ours to find out"},
    DispositionRow{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, kRetry, "a slow follower"},
    DispositionRow{RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, kRetry, "a broker that starts or stops"},
    DispositionRow{RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, kRetry, "the connection ended"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, kRetry, "min.insync.replicas is not met"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, kRetry,
                   "min.insync.replicas is not met"},
    DispositionRow{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_PRODUCER_FENCED, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, kRetry, "a broker's disk"},
    DispositionRow{RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, kRetry, "a quota"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, kRetry, "deleted and created again"},
    // Made here: nothing was said about the record.
    DispositionRow{RD_KAFKA_RESP_ERR__PURGE_QUEUE, kRetry, "purged by us"},
    DispositionRow{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, kRetry, "purged by us; it may have arrived"},
    DispositionRow{RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, kRetry, "a mate of the batch was refused"},
};

}  // namespace

std::span<const DispositionRow> disposition_table() { return kTable; }

Disposition disposition_of(int code) {
  const auto* const row =
      std::find_if(kTable.begin(), kTable.end(), [code](const DispositionRow& r) { return r.code == code; });
  if (row != kTable.end()) {
    return row->disposition;
  }
  return code > 0 ? kDead : kRetry;
}

std::string describe_error(int code) {
  const auto err = static_cast<rd_kafka_resp_err_t>(code);
  return std::string(rd_kafka_err2name(err)) + " (" + std::to_string(code) + "): " + rd_kafka_err2str(err);
}

}  // namespace ringpost::kafka
