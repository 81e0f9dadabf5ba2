#include "kafka/write_rights.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>

namespace ringpost::kafka {
namespace {

using TopicNamesHandle =
    std::unique_ptr<rd_kafka_TopicCollection_t, Destroyer<rd_kafka_TopicCollection_destroy>>;

bool may_be_written(const rd_kafka_TopicDescription_t* topic) {
  std::size_t count = 0;
  const rd_kafka_AclOperation_t* const operations =
      rd_kafka_TopicDescription_authorized_operations(topic, &count);
  if (operations == nullptr) {
    return true;  // the cluster has not said
  }
  const std::span told(operations, count);
  return std::ranges::find(told, RD_KAFKA_ACL_OPERATION_WRITE) != told.end();
}

}  // namespace

std::set<std::string> topics_without_write(rd_kafka_t* client, const std::vector<std::string>& names,
                                           std::chrono::milliseconds timeout) {
  std::vector<const char*> texts;
  std::ranges::transform(names, std::back_inserter(texts),
                         [](const std::string& name) { return name.c_str(); });
  const TopicNamesHandle topics(rd_kafka_TopicCollection_of_topic_names(texts.data(), texts.size()));
  const AdminOptionsHandle options(rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS));
  std::array<char, 256> text{};
  const auto timeout_ms = static_cast<int>(timeout.count());
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text.data(), text.size());
  const ErrorHandle unknown(rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1));
  const QueueHandle queue(rd_kafka_queue_new(client));
  rd_kafka_DescribeTopics(client, topics.get(), options.get(), queue.get());
  const EventHandle event(rd_kafka_queue_poll(queue.get(), timeout_ms));

  std::set<std::string> denied;
  if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return denied;
  }
  std::size_t count = 0;
  const rd_kafka_TopicDescription_t** described =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
  for (const rd_kafka_TopicDescription_t* topic : std::span(described, count)) {
    if (rd_kafka_error_code(rd_kafka_TopicDescription_error(topic)) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        !may_be_written(topic)) {
      denied.insert(rd_kafka_TopicDescription_name(topic));
    }
  }
  return denied;
}

}  // namespace ringpost::kafka
