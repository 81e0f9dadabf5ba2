#include "kafka/dispositions.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <cstddef>

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
                   "over the topic's max.message.bytes; on more than one: the batch is split"},
    DispositionRow{RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, kDead,
                   "over the segment's size; on more than one: the batch is split"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_RECORD, kDead,
                   "null key on a compacted topic, or a broker's validator"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, kDead, "outside the topic's window of time stamps"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, kDead,
                   "headers on a topic with an old message format"},
    DispositionRow{RD_KAFKA_RESP_ERR_POLICY_VIOLATION, kDead, "a policy of the cluster"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_REQUEST, kDead, "the broker can't make sense of it"},
    // About the topic: an administrator can mend it.
    DispositionRow{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, kHoldTopic,
                   "this user may not write to the topic"},
    DispositionRow{RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, kHoldTopic,
                   "the cluster does not take this name, or writes to this topic"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, kHoldTopic,
                   "the topic does not take our compression"},
    // About this user or this connection, whatever the topic: an administrator can mend it.
    DispositionRow{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, kHoldInstance,
                   "no right to write idempotently (IdempotentWrite on the cluster)"},
    DispositionRow{RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, kHoldInstance, "wrong user or password"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, kHoldInstance,
                   "the broker does not offer this sasl.mechanism"},
    DispositionRow{RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, kHoldInstance,
                   "the broker did not expect authentication now; a proxy, or another listener"},
    DispositionRow{RD_KAFKA_RESP_ERR_SECURITY_DISABLED, kHoldInstance,
                   "the broker has no security configured"},
    DispositionRow{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED, kHoldInstance,
                   "the cluster knows no delegation tokens"},
    DispositionRow{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND, kHoldInstance, "the token is not known"},
    DispositionRow{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH, kHoldInstance,
                   "the token is somebody else's"},
    DispositionRow{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, kHoldInstance,
                   "this connection may not use tokens"},
    DispositionRow{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, kHoldInstance,
                   "no right to this token"},
    DispositionRow{RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED, kHoldInstance, "the token has expired"},
    DispositionRow{RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, kHoldInstance,
                   "no right to ask for a producer id"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, kHoldInstance,
                   "the broker does not speak a version that we need"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, kHoldInstance,
                   "the broker does not take acks=all"},
    DispositionRow{RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE, kHoldInstance,
                   "brokers do not agree who we are"},
    DispositionRow{RD_KAFKA_RESP_ERR__AUTHENTICATION, kHoldInstance, "wrong user, password or mechanism"},
    DispositionRow{RD_KAFKA_RESP_ERR__SSL, kHoldInstance,
                   "no TLS there, or a certificate that one of both sides does not trust"},
    DispositionRow{RD_KAFKA_RESP_ERR__RESOLVE, kHoldInstance, "the broker's name is not known"},
    DispositionRow{RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, kHoldInstance,
                   "the broker is too old for an idempotent producer"},
    // About a moment of the cluster. Some of these librdkafka reports as final: they get another try here.
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN, kRetry, "the broker does not know either"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_MSG, kRetry, "CORRUPT_MESSAGE: damaged on the way"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, kRetry,
                   "may be stale; missing topics are ours to find out"},
    DispositionRow{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, kRetry, "a slow follower"},
    DispositionRow{RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, kRetry, "a broker that starts or stops"},
    DispositionRow{RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH, kRetry, "a new controller"},
    DispositionRow{RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, kRetry, "the connection ended"},
    DispositionRow{RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, kRetry, "a coordinator that starts"},
    DispositionRow{RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, kRetry, "a coordinator that starts"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_COORDINATOR, kRetry, "a coordinator that has moved"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, kRetry, "min.insync.replicas is not met"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, kRetry,
                   "min.insync.replicas is not met; it may have arrived"},
    DispositionRow{RD_KAFKA_RESP_ERR_NOT_CONTROLLER, kRetry, "a new controller"},
    DispositionRow{RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_PRODUCER_FENCED, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, kRetry, "a coordinator that is busy"},
    DispositionRow{RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, kRetry, "a coordinator that has moved"},
    DispositionRow{RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED, kRetry,
                   "another part of the request was refused"},
    DispositionRow{RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, kRetry, "a broker's disk"},
    DispositionRow{RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND, kRetry, "a broker's disk"},
    DispositionRow{RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS, kRetry, "partitions move"},
    DispositionRow{RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND, kRetry, "the leader has no listener of ours yet"},
    DispositionRow{RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH, kRetry, "a broker that starts"},
    DispositionRow{RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE, kRetry, "an election"},
    DispositionRow{RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, kRetry, "a quota"},
    DispositionRow{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, kRetry, "deleted and created again"},
    DispositionRow{RD_KAFKA_RESP_ERR_REBOOTSTRAP_REQUIRED, kRetry,
                   "the brokers that we know are not the cluster's any more"},
    // Made in this process: nothing was said about the record.
    DispositionRow{RD_KAFKA_RESP_ERR__PURGE_QUEUE, kRetry, "purged by us"},
    DispositionRow{RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, kRetry, "purged by us; it may have arrived"},
    DispositionRow{RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD, kRetry, "a mate of the batch was refused"},
    DispositionRow{RD_KAFKA_RESP_ERR__TRANSPORT, kRetry, "the connection ended"},
    DispositionRow{RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, kRetry, "no broker can be reached"},
    DispositionRow{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, kRetry, "no answer to a request"},
    DispositionRow{RD_KAFKA_RESP_ERR__TIMED_OUT, kRetry, "no answer to a request"},
    DispositionRow{RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, kRetry, "no connection to send a request on"},
    DispositionRow{RD_KAFKA_RESP_ERR__FATAL, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR__FENCED, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR__STATE, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR__INCONSISTENT, kRetry, "the producer is made anew"},
    DispositionRow{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, kRetry,
                   "may be stale; missing topics are ours to find out"},
    DispositionRow{RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, kRetry,
                   "may be stale; the partition count is asked for"},
    DispositionRow{RD_KAFKA_RESP_ERR__ISR_INSUFF, kRetry, "min.insync.replicas is not met"},
    DispositionRow{RD_KAFKA_RESP_ERR__BAD_MSG, kRetry, "an answer that can't be read"},
    DispositionRow{RD_KAFKA_RESP_ERR__BAD_COMPRESSION, kRetry, "an answer that can't be read"},
    DispositionRow{RD_KAFKA_RESP_ERR__PARTIAL, kRetry, "an answer that is cut short"},
    DispositionRow{RD_KAFKA_RESP_ERR__UNDERFLOW, kRetry, "an answer that is cut short"},
    DispositionRow{RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL, kRetry, "something else than a broker answers there"},
    DispositionRow{RD_KAFKA_RESP_ERR__DESTROY, kRetry, "the producer is at its end"},
    DispositionRow{RD_KAFKA_RESP_ERR__DESTROY_BROKER, kRetry, "a broker has left the cluster"},
    DispositionRow{RD_KAFKA_RESP_ERR__NODE_UPDATE, kRetry, "a broker has another address"},
    DispositionRow{RD_KAFKA_RESP_ERR__UNKNOWN_BROKER, kRetry, "a broker has left the cluster"},
    DispositionRow{RD_KAFKA_RESP_ERR__RETRY, kRetry, "librdkafka says so itself"},
    DispositionRow{RD_KAFKA_RESP_ERR__OUTDATED, kRetry, "librdkafka knows better by now"},
    DispositionRow{RD_KAFKA_RESP_ERR__WAIT_COORD, kRetry, "a coordinator that starts"},
    DispositionRow{RD_KAFKA_RESP_ERR__WAIT_CACHE, kRetry, "metadata is on its way"},
    DispositionRow{RD_KAFKA_RESP_ERR__IN_PROGRESS, kRetry, "it is being done"},
    DispositionRow{RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, kRetry, "something before it is being done"},
    DispositionRow{RD_KAFKA_RESP_ERR__INTR, kRetry, "interrupted"},
    DispositionRow{RD_KAFKA_RESP_ERR__FAIL, kRetry, "librdkafka says no more"},
    DispositionRow{RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, kRetry,
                   "no memory, thread or descriptor for librdkafka"},
    DispositionRow{RD_KAFKA_RESP_ERR__QUEUE_FULL, kRetry,
                   "librdkafka's queue is full; our windows are smaller"},
    // Answers to what is asked with a record or a configuration in hand.
    DispositionRow{RD_KAFKA_RESP_ERR__INVALID_ARG, kRefuse,
                   "a property or value that librdkafka does not take"},
    DispositionRow{RD_KAFKA_RESP_ERR__FS, kRefuse,
                   "a file that a property names (a certificate, a key) can't be read"},
    DispositionRow{RD_KAFKA_RESP_ERR__CONFLICT, kRefuse, "properties that exclude each other"},
    DispositionRow{RD_KAFKA_RESP_ERR__NOT_CONFIGURED, kRefuse, "a property is missing"},
    DispositionRow{RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, kRefuse, "this librdkafka was built without it"},
};

}  // namespace

std::span<const DispositionRow> disposition_table() { return kTable; }

std::string_view name_of(Disposition disposition) {
  switch (disposition) {
    case kDeliver:
      return "delivered";
    case kRetry:
      return "sent again";
    case kDead:
      return "dead letter";
    case kHoldTopic:
      return "topic waits";
    case kHoldInstance:
      return "instance waits";
    case kRefuse:
      return "refused at the start";
  }
  return "";
}

Disposition disposition_of(int code) {
  const auto* const row =
      std::find_if(kTable.begin(), kTable.end(), [code](const DispositionRow& r) { return r.code == code; });
  if (row != kTable.end()) {
    return row->disposition;
  }
  return is_a_brokers(code) ? kDead : kRetry;
}

std::vector<int> codes_of_librdkafka() {
  const rd_kafka_err_desc* descriptions = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  std::vector<int> codes;
  for (const rd_kafka_err_desc& each : std::span(descriptions, count)) {
    const bool is_a_bound = each.code == RD_KAFKA_RESP_ERR__BEGIN || each.code == RD_KAFKA_RESP_ERR__END;
    if (each.desc != nullptr && !is_a_bound) codes.push_back(each.code);
  }
  return codes;
}

std::string describe_error(int code) {
  const auto err = static_cast<rd_kafka_resp_err_t>(code);
  return std::string(rd_kafka_err2name(err)) + " (" + std::to_string(code) + "): " + rd_kafka_err2str(err);
}

}  // namespace ringpost::kafka
