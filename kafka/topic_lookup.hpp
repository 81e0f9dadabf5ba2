// Asks the cluster about topics on helper threads, because librdkafka's metadata call blocks, and its asynchronous one
// (DescribeTopics) asks the controller, which can be away while every broker is there. Each request has a client of its
// own that is thrown away: a client keeps asking for every name that it was ever asked for.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kafka/client_properties.hpp"
#include "kafka/replicas.hpp"
#include "kafka/wakeup.hpp"

namespace ringpost::kafka {

// Of an administrator's settings of a topic, those that concern us.
struct TopicConfig {
  std::optional<std::uint32_t> max_message_bytes;
  bool compacted = false;
  std::int64_t age_max_ms =
      0;  // a record with an older time is refused, and its whole batch; 0: of any age is taken
};

class LookupAnswers {
 public:
  virtual ~LookupAnswers() = default;
  virtual void on_cluster_answered(const BrokerAddresses& brokers) = 0;  // one of them is there
  virtual void on_cluster_silent() = 0;                                  // none answered for some seconds
  virtual void on_topic_exists(const std::string& name, std::vector<Replicas> partitions) = 0;
  virtual void on_topic_missing(const std::string& name) = 0;
  virtual void on_topic_refused(const std::string& name, int code) = 0;  // no right to see it
  // Says nothing about existence.
  virtual void on_topic_unanswered(const std::string& name, const std::string& why) = 0;
  virtual void on_topic_config(const std::string& name, const TopicConfig& config) = 0;
  virtual void on_configs_unanswered(const std::string& why) = 0;  // not supported, or not permitted
};

// Called on the instance's thread. Answers come through take().
class TopicLookup {
 public:
  static constexpr std::size_t kMaxNames =
      250;  // a request: librdkafka's work for each grows with their number

  TopicLookup(Properties properties, const Wakeup& wakeup);
  void use(Properties properties);  // for the clients that are made from now on
  ~TopicLookup();                   // waits for the helper threads, a second or two when no broker is there
  TopicLookup(const TopicLookup&) = delete;
  TopicLookup& operator=(const TopicLookup&) = delete;

  enum class Kind : std::uint8_t { kTopics, kConfigs };
  bool busy(Kind kind) const { return job(kind).running; }

  // Each name gets one answer; no names: only whether the cluster answers. Only when not busy(kTopics). `brokers`: whom to ask,
  // "ADDRESS,..."; empty: those of the configuration. A client stays with one that takes its connection and says nothing for seconds.
  void describe(std::vector<std::string> names, const std::string& brokers);
  // max.message.bytes and cleanup.policy, as far as the cluster permits. Only when not busy(kConfigs).
  void describe_configs(std::vector<std::string> names);

  void take(LookupAnswers& answers);

 private:
  using Answer = std::function<void(LookupAnswers&)>;
  struct Job {
    std::thread thread;
    bool running = false;  // the instance's thread alone touches it
  };

  Job& job(Kind kind) { return jobs_[static_cast<std::size_t>(kind)]; }
  const Job& job(Kind kind) const { return jobs_[static_cast<std::size_t>(kind)]; }
  void start(Kind kind, std::function<void()> work);
  void post(Answer answer);

  // On a helper thread.
  void ask_topics(const Properties& properties, const std::vector<std::string>& names);
  void ask_configs(const Properties& properties, const std::vector<std::string>& names);
  void post_unanswered(std::vector<std::string> names, const std::string& why);
  bool stopped() const {
    return stop_.load(std::memory_order_relaxed);
  }  // orders nothing: the thread is joined

  std::shared_ptr<const Properties> properties_;
  const Wakeup& wakeup_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<Answer> answers_;  // guarded by mutex_
  std::array<Job, 2> jobs_;
};

}  // namespace ringpost::kafka
