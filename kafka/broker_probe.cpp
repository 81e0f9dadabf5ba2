#include "kafka/broker_probe.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "kafka/complaint.hpp"
#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {
namespace {

constexpr int kRefusalSliceMs = 100;  // how often to look for a refusal
constexpr int kEndSliceMs =
    500;  // how long a call may hold up the end, once the broker is known to be silent

using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, Destroyer<rd_kafka_metadata_destroy>>;

class ProbeClient {
 public:
  explicit ProbeClient(const Properties& properties) {
    ConfHandle conf = make_conf(properties);
    rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_ERROR);
    std::array<char, 512> text{};
    client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()));
    if (!client_) {
      throw std::runtime_error(std::string("librdkafka: ") + text.data());
    }
    static_cast<void>(conf.release());  // the client owns it now
    queue_.reset(rd_kafka_queue_get_main(client_.get()));
  }

  bool answers(int timeout_ms) {
    const struct rd_kafka_metadata* answer = nullptr;
    const rd_kafka_resp_err_t code = rd_kafka_metadata(client_.get(), 0, nullptr, &answer, timeout_ms);
    const MetadataHandle metadata(answer);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  // Whether the connection has failed; why says what of.
  bool failed(std::string& why) {
    bool failed = false;
    while (const EventHandle event{rd_kafka_queue_poll(queue_.get(), 0)}) {
      if (rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        failed = true;
      } else {
        const std::string_view said = rd_kafka_event_error_string(event.get());
        why = repeats_a_certificate(said) ? std::string() : complaint_of(said);
      }
    }
    return failed;
  }

 private:
  ClientHandle client_;
  QueueHandle queue_;
};

// "kafka1:9092/bootstrap: why": whose it is, is said beside it.
std::string without_name(const std::string& text) {
  constexpr std::string_view kName = "/bootstrap: ";
  const std::size_t end = text.find(kName);
  return end == std::string::npos ? text : text.substr(end + kName.size());
}

}  // namespace

BrokerProbes::BrokerProbes(Properties properties, const Wakeup& wakeup)
    : properties_(std::move(properties)), wakeup_(wakeup) {}

void BrokerProbes::use(Properties properties) {
  want({}, {});
  properties_ = std::move(properties);
}

BrokerProbes::~BrokerProbes() {
  want({}, {});
  for (const std::unique_ptr<Probe>& probe : probes_) {
    probe->thread.join();
  }
}

void BrokerProbes::want(const std::vector<std::string>& addresses, std::chrono::microseconds patience) {
  reap();
  for (const std::unique_ptr<Probe>& probe : probes_) {
    if (std::find(addresses.begin(), addresses.end(), probe->address) == addresses.end())
      probe->stop.store(true, std::memory_order_relaxed);  // the join orders the rest
  }
  for (const std::string& address : addresses) {
    const bool under_way = std::any_of(probes_.begin(), probes_.end(), [&address](const auto& probe) {
      return probe->address == address && !probe->stop.load(std::memory_order_relaxed);
    });
    if (under_way || probes_.size() >= kMaxProbes) continue;
    Probe& probe = *probes_.emplace_back(std::make_unique<Probe>());
    probe.address = address;
    probe.properties = properties_;
    probe.properties["bootstrap.servers"] = address;
    probe.patience = patience;
    probe.thread = std::thread([this, &probe] {
      run(probe);
      probe.ended.store(true, std::memory_order_release);  // reap() acquires
    });
  }
}

void BrokerProbes::reap() {
  std::erase_if(probes_, [](const std::unique_ptr<Probe>& probe) {
    const bool ended = probe->ended.load(std::memory_order_acquire);  // run()'s caller releases
    if (ended) probe->thread.join();
    return ended;
  });
}

void BrokerProbes::run(const Probe& probe) try {
  ProbeClient client(probe.properties);
  const auto deadline = std::chrono::steady_clock::now() + probe.patience;
  std::string why = "no answer";
  for (bool told = false; !probe.stop.load(std::memory_order_relaxed);) {
    if (client.answers(told ? kEndSliceMs : kRefusalSliceMs)) {
      post({.address = probe.address, .answered = true, .why = {}});
      return;
    }
    if (!told && (client.failed(why) || std::chrono::steady_clock::now() >= deadline)) {
      told = true;
      post({.address = probe.address, .answered = false, .why = without_name(why)});
    }
  }
} catch (const std::exception& error) {
  post({.address = probe.address, .answered = false, .why = error.what()});
}

void BrokerProbes::post(Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(answer));
  wakeup_.ring();
}

std::vector<BrokerProbes::Answer> BrokerProbes::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

}  // namespace ringpost::kafka
