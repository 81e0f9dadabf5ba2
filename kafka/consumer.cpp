#include "kafka/consumer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>

#include "kafka/client_properties.hpp"
#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {
namespace {

using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, Destroyer<rd_kafka_metadata_destroy>>;

std::string_view view_of(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

void read_headers(const rd_kafka_message_t& message, ConsumedRecord& record) {
  record.headers.clear();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(name, value == nullptr ? std::nullopt : std::optional(view_of(value, size)));
  }
}

std::int64_t start_of(const ConsumerConfig& config) {
  switch (config.from) {
    case ConsumerConfig::From::kBeginning:
      return RD_KAFKA_OFFSET_BEGINNING;
    case ConsumerConfig::From::kEnd:
      return RD_KAFKA_OFFSET_END;
    case ConsumerConfig::From::kOffset:
      break;
  }
  return config.offset;
}

}  // namespace

struct Consumer::Impl {
  explicit Impl(const ConsumerConfig& config);
  ~Impl();

  std::int32_t ask_partition_count(const ConsumerConfig& config);
  Next take(ConsumedRecord& record);
  Next reached_end(std::int32_t partition);

  ClientHandle client;
  TopicHandle topic;
  QueueHandle queue;
  MessageHandle message;  // what the last record's views point into
  std::vector<bool> ended;
  bool until_end;
  std::string error;
};

Consumer::Impl::Impl(const ConsumerConfig& config) : until_end(config.until_end) {
  Properties properties = plain_properties({config.instance, config.bootstrap_servers}, config.properties);
  properties["enable.partition.eof"] = "true";
  properties["auto.offset.reset"] = "earliest";  // an offset that is no more: the next one that is
  ConfHandle conf = make_conf(properties);
  std::array<char, 512> text{};
  client.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), text.data(), text.size()));
  if (!client) {
    throw std::invalid_argument(std::string("librdkafka: ") + text.data());
  }
  static_cast<void>(conf.release());
  topic.reset(rd_kafka_topic_new(client.get(), config.topic.c_str(), nullptr));
  if (!topic) {
    throw std::runtime_error("topic \"" + config.topic + "\" is not a name that Kafka takes");
  }
  const std::int32_t count = ask_partition_count(config);
  queue.reset(rd_kafka_queue_new(client.get()));
  for (std::int32_t partition = 0; partition < count; ++partition) {
    if (rd_kafka_consume_start_queue(topic.get(), partition, start_of(config), queue.get()) != 0) {
      throw std::runtime_error("topic \"" + config.topic + "\" partition " + std::to_string(partition) +
                               ": " + rd_kafka_err2str(rd_kafka_last_error()));
    }
    ended.push_back(false);
  }
}

Consumer::Impl::~Impl() {
  for (std::size_t partition = 0; partition < ended.size(); ++partition) {
    rd_kafka_consume_stop(topic.get(), static_cast<std::int32_t>(partition));
  }
  message.reset();
  queue.reset();
  topic.reset();
}

std::int32_t Consumer::Impl::ask_partition_count(const ConsumerConfig& config) {
  const struct rd_kafka_metadata* answer = nullptr;
  const rd_kafka_resp_err_t code = rd_kafka_metadata(client.get(), 0, topic.get(), &answer,
                                                     static_cast<int>(config.connect_timeout.count()));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("no broker of " + config.bootstrap_servers + " answered within " +
                             std::to_string(config.connect_timeout.count()) +
                             " ms: " + rd_kafka_err2str(code));
  }
  const MetadataHandle metadata(answer);
  const rd_kafka_resp_err_t topic_code =
      metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN;
  if (topic_code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("topic \"" + config.topic + "\": " + rd_kafka_err2str(topic_code));
  }
  return metadata->topics[0].partition_cnt;
}

Consumer::Next Consumer::Impl::reached_end(std::int32_t partition) {
  ended.at(static_cast<std::size_t>(partition)) = true;
  const bool all = std::all_of(ended.begin(), ended.end(), [](bool at_end) { return at_end; });
  return all && until_end ? Next::kEnd : Next::kNothingYet;
}

Consumer::Next Consumer::Impl::take(ConsumedRecord& record) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    return reached_end(message->partition);
  }
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    error = rd_kafka_message_errstr(message.get());
    return Next::kError;
  }
  record.partition = message->partition;
  record.offset = message->offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  record.timestamp_ms = rd_kafka_message_timestamp(message.get(), &type);
  record.key =
      message->key == nullptr ? std::nullopt : std::optional(view_of(message->key, message->key_len));
  record.message =
      message->payload == nullptr ? std::nullopt : std::optional(view_of(message->payload, message->len));
  read_headers(*message, record);
  return Next::kRecord;
}

Consumer::Consumer(const ConsumerConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Consumer::~Consumer() = default;

Consumer::Next Consumer::next(ConsumedRecord& record, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  do {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto wait_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    impl_->message.reset(rd_kafka_consume_queue(impl_->queue.get(), wait_ms));
    if (!impl_->message) {
      return Next::kNothingYet;
    }
    const Next result = impl_->take(record);
    if (result != Next::kNothingYet) {  // else a partition's end: look on
      return result;
    }
  } while (std::chrono::steady_clock::now() < deadline);
  return Next::kNothingYet;
}

const std::string& Consumer::error() const { return impl_->error; }

}  // namespace ringpost::kafka
