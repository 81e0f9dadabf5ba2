#include "tests/attack/tail.hpp"

#include <charconv>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <boost/json.hpp>

#include "tests/control/raw_client.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

kafka::ConsumerConfig config_for(const std::string& socket, const std::string& topic,
                                 const std::string& instance) {
  RawClient client(socket);
  client.hello();
  const boost::json::value status = boost::json::parse(client.status());
  kafka::ConsumerConfig config;
  config.instance = instance;
  for (const boost::json::value& found : status.at("instances").as_array()) {
    if (found.at("name").as_string() == instance)
      config.bootstrap_servers = std::string(found.at("brokers").as_string());
  }
  config.topic = topic;
  return config;
}

}  // namespace

Tail::Tail(const std::string& socket, const std::string& topic, const std::string& instance)
    : consumer_(config_for(socket, topic, instance)) {}

std::string Tail::next() {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (std::chrono::steady_clock::now() < end) {
    if (auto message = next_soon()) return std::move(*message);
  }
  return {};
}

std::optional<std::string> Tail::next_soon() {
  kafka::ConsumedRecord record;
  const kafka::Consumer::Next next = consumer_.next(record, std::chrono::milliseconds(100));
  if (next == kafka::Consumer::Next::kError) throw std::runtime_error("the consumer: " + consumer_.error());
  if (next != kafka::Consumer::Next::kRecord) return std::nullopt;
  id_.clear();
  for (const auto& [name, value] : record.headers) {
    if (name == "ringpost-id") id_ = value.value_or("");
  }
  return std::string(record.message.value_or(""));
}

std::int64_t number_in(std::string_view message) {
  constexpr std::string_view kBefore = "{\"n\":";
  std::int64_t number = -1;
  if (!message.starts_with(kBefore)) return number;
  std::from_chars(message.data() + kBefore.size(), message.data() + message.size(), number);
  return number;
}

}  // namespace ringpost::tests
