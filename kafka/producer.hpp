// The life of one rd_kafka_t: made, fed, polled, purged, retired. Any report with an error ends it (gapless),
// and then a new one takes its place; the records are the Outbox's to send again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kafka/client_properties.hpp"
#include "kafka/rd_handles.hpp"
#include "kafka/reaper.hpp"
#include "kafka/records.hpp"
#include "kafka/sockets.hpp"
#include "kafka/wakeup.hpp"

namespace ringpost::kafka {

struct Topic;

// Which record a report is about: the partition, and its position in that partition's row of records handed
// over. It travels through librdkafka as the message's opaque pointer.
struct RecordTag {
  static constexpr unsigned kPartitionBits = 20;  // a topic of a million partitions is no topic
  static constexpr std::uint64_t kPositionMask = (std::uint64_t{1} << (64U - kPartitionBits)) - 1;

  std::int32_t partition = 0;
  std::uint64_t position = 0;  // modulo 2^44
};

struct Report {
  Topic* topic = nullptr;
  RecordTag tag;
  int error = 0;  // librdkafka's code; 0: delivered
  std::int64_t offset = -1;
};

class ProducerEvents {
 public:
  virtual ~ProducerEvents() = default;
  virtual void on_report(const Report& report) = 0;
  virtual void on_statistics(std::string_view json) = 0;
  virtual void on_error(int code, const std::string& text, bool fatal) = 0;
  virtual void on_log(std::string_view facility, std::string_view text) = 0;
};

class Producer {
 public:
  // Connects and asks for its producer id at once, so that the first record does not wait for that (512 ms
  // cold). Throws std::invalid_argument when librdkafka refuses the properties.
  Producer(const Properties& properties, const Wakeup& wakeup);

  enum class Taken : std::uint8_t {
    kYes,
    kLater,     // no room, or the producer does not know this partition yet
    kTooLarge,  // over message.max.bytes: no broker was asked
    kBroken,    // this producer is at its end
  };

  // `topic` comes back in the report. The message's bytes must stay until then; key and headers are copied.
  // `id`: the value of the ringpost-id header, empty for none.
  Taken produce(Topic& topic, const RecordTag& tag, const RecordView& record, std::string_view id);

  void poll(ProducerEvents& events);  // until the queue is empty
  void purge();                       // reports for everything that is inside follow within milliseconds
  std::uint64_t outstanding() const { return outstanding_; }

  // For the next connection: those that there are stay. False: not with this sasl.mechanism.
  bool set_password(const std::string& username, const std::string& password);
  // Asks this broker who is in the cluster, on the connection that its records take; that an answer came is in the next
  // statistics.
  void ask(std::int32_t broker_id);

  // What is inside of these stays there, and goes to no broker until they are resumed. They wait for librdkafka's main thread, which
  // waits for nobody.
  struct PartitionName {
    std::string topic;
    std::int32_t partition = 0;
  };
  void pause(const std::vector<PartitionName>& partitions);
  void resume(const std::vector<PartitionName>& partitions);
  // Ends the connections to this broker. What was on its way goes again on the next one, once in the topic all the same.
  void shut_down(std::string_view address) { sockets_->shut_down(address); }

  // Opens what a topic needs before its first record.
  void warm(Topic& topic) { topic_handle(topic); }
  void forget(const Topic& topic) { topics_.erase(&topic); }

  // Ends it: no more reports; the handle is destroyed on a helper thread.
  void retire(Reaper& reaper) &&;

 private:
  rd_kafka_topic_t* topic_handle(Topic& topic);
  void take_reports(rd_kafka_event_t* event, ProducerEvents& events);
  void take_error(rd_kafka_event_t* event, ProducerEvents& events);
  static void take_log(rd_kafka_event_t* event, ProducerEvents& events);

  std::unique_ptr<Sockets> sockets_;  // outlives the client
  ClientHandle client_;
  QueueHandle queue_;
  QueueHandle answers_;  // to ask(); they wake nobody
  std::unordered_map<const Topic*, TopicHandle> topics_;
  std::uint64_t outstanding_ = 0;
};

}  // namespace ringpost::kafka
