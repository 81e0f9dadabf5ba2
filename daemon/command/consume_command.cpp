#include "daemon/command/consume_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <stdexcept>

#include "daemon/command/exit_codes.hpp"
#include "daemon/command/interruption.hpp"
#include "daemon/command/record_text.hpp"
#include "daemon/command/status_client.hpp"
#include "daemon/command/status_reading.hpp"
#include "kafka/consumer.hpp"
#include "kafka/secrets.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::chrono::milliseconds kLookUpInterval{200};  // how soon Ctrl-C is seen

// Where the topic is, or the exit code when that can't be known (what is wrong has been said then).
struct Source {
  int exit_code = kExitOk;
  std::string brokers;
  std::map<std::string, std::string> properties;
};

Source source_of_daemon(const std::string& socket, const std::string& instance_name) {
  const StatusAnswer answer = ask_status(socket);
  if (!answer.problem.empty()) {
    fmt::print(stderr, "ringpost consume: {}\n", answer.problem);
    return {kExitUnavailable, {}, {}};
  }
  const StatusReading status = read_status(answer.json);
  const auto instance = std::ranges::find(status.instances, instance_name, &InstanceReading::name);
  if (instance == status.instances.end()) {
    std::vector<std::string_view> names;
    std::ranges::transform(status.instances, std::back_inserter(names), &InstanceReading::name);
    fmt::print(stderr, "ringpost consume: the daemon has no instance \"{}\" for you; it has: {}\n",
               instance_name, fmt::join(names, ", "));
    return {kExitFailed, {}, {}};
  }
  return {kExitOk, instance->brokers, {}};
}

// From --config where that is enough; an embedded cluster's address only the daemon knows.
Source find_source(const ConsumeOptions& options) {
  const auto endpoint = find_endpoint(options.endpoint);
  if (!endpoint) {
    return {kExitConfig, {}, {}};
  }
  if (!endpoint->config) {
    return source_of_daemon(endpoint->socket, options.instance);
  }
  const InstanceConfig* instance = find_instance(*endpoint->config, options.instance);
  if (instance == nullptr) {
    fmt::print(stderr, "ringpost consume: {} has no instance \"{}\"\n", options.endpoint.config_file,
               options.instance);
    return {kExitFailed, {}, {}};
  }
  if (instance->embedded) {
    return source_of_daemon(endpoint->socket, options.instance);
  }
  return {kExitOk, fmt::format("{}", fmt::join(instance->brokers, ",")),
          kafka::with_secrets(instance->librdkafka, instance->secret_files)};
}

kafka::ConsumerConfig consumer_config(const ConsumeOptions& options, Source source) {
  kafka::ConsumerConfig config;
  config.instance = options.instance;
  config.bootstrap_servers = std::move(source.brokers);
  config.properties = std::move(source.properties);
  config.topic = options.topic;
  config.until_end = options.until_end;
  if (options.from == "end") {
    config.from = kafka::ConsumerConfig::From::kEnd;
  } else if (options.from != "beginning") {
    config.from = kafka::ConsumerConfig::From::kOffset;
    config.offset = std::stoll(options.from);
  }
  return config;
}

void print_record(const ConsumeOptions& options, const kafka::ConsumedRecord& record) {
  RecordFields fields;
  fields.topic = options.topic;
  fields.partition = record.partition;
  fields.offset = record.offset;
  fields.timestamp_ms = record.timestamp_ms < 0 ? std::nullopt : std::optional(record.timestamp_ms);
  fields.key = record.key;
  fields.headers = record.headers;
  fields.message = record.message;
  if (options.json) {
    fmt::print("{}\n", record_json(fields));
  } else {
    fmt::print("{}", record_for_people(fields));
  }
}

int print_records(const ConsumeOptions& options, kafka::Consumer& consumer) {
  kafka::ConsumedRecord record;
  std::uint64_t printed = 0;
  while (!interrupted() && (!options.count || printed < *options.count)) {
    switch (consumer.next(record, kLookUpInterval)) {
      case kafka::Consumer::Next::kRecord:
        print_record(options, record);
        ++printed;
        break;
      case kafka::Consumer::Next::kNothingYet:
        (void)std::fflush(stdout);  // who reads a pipe sees what there is
        break;
      case kafka::Consumer::Next::kEnd:
        return kExitOk;
      case kafka::Consumer::Next::kError:
        fmt::print(stderr, "ringpost consume: {}\n", consumer.error());
        return kExitFailed;
    }
  }
  return kExitOk;
}

}  // namespace

int run_consume(const ConsumeOptions& options) {
  Source source = find_source(options);
  if (source.exit_code != kExitOk) {
    return source.exit_code;
  }
  watch_for_interruption();
  try {
    kafka::Consumer consumer(consumer_config(options, std::move(source)));
    const int code = print_records(options, consumer);
    end_as_interrupted();
    return code;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "ringpost consume: {}\n", error.what());
    return kExitConfig;
  } catch (const std::runtime_error& error) {
    end_as_interrupted();
    fmt::print(stderr, "ringpost consume: {}\n", error.what());
    return kExitFailed;
  }
}

}  // namespace ringpost::daemon
