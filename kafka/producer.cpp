#include "kafka/producer.hpp"

#include <array>
#include <bit>
#include <memory>
#include <stdexcept>
#include <utility>

#include "kafka/topic.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::string_view kIdHeader = "ringpost-id";
constexpr int kReportEvents =
    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG;

void* pack(const RecordTag& tag) {
  const std::uint64_t packed = static_cast<std::uint64_t>(tag.partition)
                                   << (64U - RecordTag::kPartitionBits) |
                               (tag.position & RecordTag::kPositionMask);
  static_assert(sizeof(void*) == sizeof packed);
  return std::bit_cast<void*>(packed);
}

RecordTag unpack(void* opaque) {
  const auto packed = std::bit_cast<std::uint64_t>(opaque);
  return {.partition = static_cast<std::int32_t>(packed >> (64U - RecordTag::kPartitionBits)),
          .position = packed & RecordTag::kPositionMask};
}

// librdkafka takes a null pointer for a null key or value, so an empty one needs an address.
void* address_of(std::string_view bytes) {
  return const_cast<char*>(bytes.data() == nullptr ? "" : bytes.data());  // read only
}

HeadersHandle make_headers(std::span<const Header> headers, std::string_view id) {
  HeadersHandle list(rd_kafka_headers_new(headers.size() + 1));
  const auto add = [&list](std::string_view name, const void* value, std::size_t size) {
    rd_kafka_header_add(list.get(), name.data(), static_cast<ssize_t>(name.size()), value,
                        static_cast<ssize_t>(size));
  };
  for (const Header& header : headers) {
    if (header.value) {
      add(header.name, address_of(*header.value), header.value->size());
    } else {
      add(header.name, nullptr, 0);
    }
  }
  if (!id.empty()) {
    add(kIdHeader, id.data(), id.size());
  }
  return list;
}

PartitionListHandle list_of(const std::vector<Producer::PartitionName>& partitions) {
  PartitionListHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const Producer::PartitionName& each : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), each.topic.c_str(), each.partition);
  }
  return list;
}

rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
  rd_kafka_vu_t value;  // its padding stays as it is: this is done for every record
  value.vtype = type;
  return value;
}

rd_kafka_vu_t bytes_argument(rd_kafka_vtype_t type, std::string_view bytes) {
  rd_kafka_vu_t value = argument(type);
  value.u.mem.ptr = address_of(bytes);
  value.u.mem.size = bytes.size();
  return value;
}

Producer::Taken meaning_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return Producer::Taken::kLater;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return Producer::Taken::kTooLarge;
    default:
      return Producer::Taken::kBroken;
  }
}

}  // namespace

Producer::Producer(const Properties& properties, const Wakeup& wakeup)
    : sockets_(std::make_unique<Sockets>()) {
  ConfHandle conf = make_conf(properties);
  sockets_->watch(conf.get());
  rd_kafka_conf_set_events(conf.get(), kReportEvents);
  std::array<char, 512> text{};
  rd_kafka_conf_set(conf.get(), "log.queue", "true", text.data(), text.size());  // it knows this one
  client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()));
  if (!client_) {
    throw std::invalid_argument(std::string("librdkafka: ") + text.data());
  }
  static_cast<void>(conf.release());  // the client owns it now
  queue_.reset(rd_kafka_queue_get_main(client_.get()));
  rd_kafka_set_log_queue(client_.get(), nullptr);  // the main one
  wakeup.watch(queue_.get());
  answers_.reset(rd_kafka_queue_new(client_.get()));
}

rd_kafka_topic_t* Producer::topic_handle(Topic& topic) {
  TopicHandle& handle = topics_[&topic];
  if (!handle) {
    rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set_opaque(conf, &topic);
    handle.reset(rd_kafka_topic_new(client_.get(), topic.name.c_str(), conf));  // null only for a bad name
  }
  return handle.get();
}

Producer::Taken Producer::produce(Topic& topic, const RecordTag& tag, const RecordView& record,
                                  std::string_view id) {
  rd_kafka_topic_t* const handle = topic_handle(topic);
  if (handle == nullptr) {
    return Taken::kBroken;
  }
  std::array<rd_kafka_vu_t, 7> arguments;
  std::size_t count = 0;
  arguments[count] = argument(RD_KAFKA_VTYPE_RKT);
  arguments[count++].u.rkt = handle;
  arguments[count] = argument(RD_KAFKA_VTYPE_PARTITION);
  arguments[count++].u.i32 = tag.partition;
  arguments[count++] = bytes_argument(RD_KAFKA_VTYPE_VALUE, record.message);
  arguments[count] = argument(RD_KAFKA_VTYPE_OPAQUE);
  arguments[count++].u.ptr = pack(tag);
  arguments[count] = argument(RD_KAFKA_VTYPE_TIMESTAMP);
  arguments[count++].u.i64 = record.create_time_ms;
  if (record.key) {
    arguments[count++] = bytes_argument(RD_KAFKA_VTYPE_KEY, *record.key);
  }
  HeadersHandle headers;
  if (!record.headers.empty() || !id.empty()) {
    headers = make_headers(record.headers, id);
    arguments[count] = argument(RD_KAFKA_VTYPE_HEADERS);
    arguments[count++].u.headers = headers.get();
  }
  const ErrorHandle error(rd_kafka_produceva(client_.get(), arguments.data(), count));
  if (error) {
    return meaning_of(rd_kafka_error_code(error.get()));
  }
  static_cast<void>(headers.release());  // the message owns them now
  ++outstanding_;
  return Taken::kYes;
}

void Producer::poll(ProducerEvents& events) {
  while (const EventHandle event{rd_kafka_queue_poll(queue_.get(), 0)}) {
    switch (rd_kafka_event_type(event.get())) {
      case RD_KAFKA_EVENT_DR:
        take_reports(event.get(), events);
        break;
      case RD_KAFKA_EVENT_STATS:
        events.on_statistics(rd_kafka_event_stats(event.get()));
        break;
      case RD_KAFKA_EVENT_ERROR:
        take_error(event.get(), events);
        break;
      case RD_KAFKA_EVENT_LOG:
        take_log(event.get(), events);
        break;
      default:
        break;
    }
  }
}

// Never rd_kafka_message_produce_errstr: for the culprit of a batch it reads freed memory (2.14.2).
void Producer::take_reports(rd_kafka_event_t* event, ProducerEvents& events) {
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event)) {
    --outstanding_;
    events.on_report({.topic = static_cast<Topic*>(rd_kafka_topic_opaque(message->rkt)),
                      .tag = unpack(message->_private),
                      .error = message->err,
                      .offset = message->offset});
  }
}

void Producer::take_error(rd_kafka_event_t* event, ProducerEvents& events) {
  if (rd_kafka_event_error_is_fatal(event) == 0) {
    events.on_error(rd_kafka_event_error(event), rd_kafka_event_error_string(event), false);
    return;
  }
  std::array<char, 512> text{};
  const rd_kafka_resp_err_t code = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  events.on_error(code, text.data(), true);
}

void Producer::take_log(rd_kafka_event_t* event, ProducerEvents& events) {
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;
  constexpr int kInformation = 6;  // of syslog's levels; the rest is for librdkafka's developers
  if (rd_kafka_event_log(event, &facility, &text, &level) == 0 && level <= kInformation)
    events.on_log(facility, text);
}

bool Producer::set_password(const std::string& username, const std::string& password) {
  const ErrorHandle error(rd_kafka_sasl_set_credentials(client_.get(), username.c_str(), password.c_str()));
  return !error;
}

void Producer::ask(std::int32_t broker_id) {
  while (const EventHandle answer{rd_kafka_queue_poll(answers_.get(), 0)}) {
  }
  std::array<char, 256> text{};
  const AdminOptionsHandle options(
      rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER));
  if (rd_kafka_AdminOptions_set_broker(options.get(), broker_id, text.data(), text.size()) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_DescribeCluster(client_.get(), options.get(), answers_.get());
  }
}

void Producer::pause(const std::vector<PartitionName>& partitions) {
  rd_kafka_pause_partitions(client_.get(), list_of(partitions).get());
}

void Producer::resume(const std::vector<PartitionName>& partitions) {
  rd_kafka_resume_partitions(client_.get(), list_of(partitions).get());
}

void Producer::purge() {
  rd_kafka_purge(client_.get(),
                 RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void Producer::retire(Reaper& reaper) && {
  Wakeup::unwatch(queue_.get());  // the descriptor may be closed before librdkafka's threads have ended
  topics_.clear();
  queue_.reset();
  answers_.reset();
  reaper.retire([client = std::make_shared<ClientHandle>(std::move(client_)),
                 sockets = std::shared_ptr<Sockets>(std::move(sockets_))] { client->reset(); });
}

}  // namespace ringpost::kafka
