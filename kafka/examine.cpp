#include "kafka/examine.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "kafka/client_properties.hpp"
#include "kafka/complaint.hpp"
#include "kafka/key_pair.hpp"
#include "kafka/rd_handles.hpp"
#include "kafka/write_rights.hpp"

namespace ringpost::kafka {
namespace {

using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, Destroyer<rd_kafka_metadata_destroy>>;

constexpr std::chrono::milliseconds kLingerOfNoMatter{5};
constexpr std::chrono::milliseconds kLookInterval{250};    // how often to look for failures
constexpr std::chrono::milliseconds kAfterFailure{2'000};  // how long the other brokers have then

bool holds_a_secret(std::string_view name) {
  constexpr std::array<std::string_view, 6> kParts = {"password", "secret", "pem", "key", "config", "token"};
  return std::any_of(kParts.begin(), kParts.end(),
                     [name](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

// What librdkafka tells in the background, such as why a connection failed. Filled in rd_kafka_poll(), on the thread
// that calls it.
using Complaints = std::set<std::string>;

void note_complaint(rd_kafka_t* /*client*/, int code, const char* text, void* complaints) {
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || repeats_a_certificate(text)) {
    return;  // says only that the others came
  }
  static_cast<Complaints*>(complaints)->insert(complaint_of(text));
}

// Some ends of connections are in its log only.
void note_log(const rd_kafka_t* client, int /*level*/, const char* facility, const char* text) {
  if (!tells_of_a_failure(facility) || repeats_a_certificate(text)) return;
  static_cast<Complaints*>(rd_kafka_opaque(client))->insert(complaint_of(text));
}

ClientHandle open_client(const Properties& properties, Complaints& complaints) {
  ConfHandle conf = make_conf(properties);
  rd_kafka_conf_set_opaque(conf.get(), &complaints);
  rd_kafka_conf_set_error_cb(conf.get(), note_complaint);
  rd_kafka_conf_set_log_cb(conf.get(), note_log);
  std::array<char, 512> text{};
  rd_kafka_conf_set(conf.get(), "log.queue", "true", text.data(), text.size());  // it knows this one
  ClientHandle client(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()));
  if (!client) {
    throw std::invalid_argument(text.data());
  }
  static_cast<void>(conf.release());
  rd_kafka_set_log_queue(client.get(), nullptr);  // taken by rd_kafka_poll(), too
  return client;
}

std::string joined(const Complaints& complaints) {
  std::string text;
  for (const std::string& complaint : complaints) {
    text += (text.empty() ? "" : "; ") + complaint;
  }
  // What a listener with TLS does to a plaintext client, and a web server to anybody.
  if (text.find("Disconnected") != std::string::npos) text += "; does security.protocol suit this listener?";
  return text;
}

// Only what was asked for: a question for all topics of a large cluster costs it dearly.
rd_kafka_resp_err_t ask(rd_kafka_t* client, rd_kafka_topic_t* topic, std::chrono::milliseconds timeout,
                        MetadataHandle& metadata) {
  const struct rd_kafka_metadata* answer = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(client, 0, topic, &answer, static_cast<int>(timeout.count()));
  metadata.reset(answer);
  return code;
}

// Until one answers or the time is over; where the first has failed, the others have a while more.
rd_kafka_resp_err_t find_a_broker(rd_kafka_t* client, std::chrono::milliseconds timeout,
                                  const Complaints& complaints, MetadataHandle& metadata) {
  auto deadline = std::chrono::steady_clock::now() + timeout;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  bool failed = false;
  do {
    code = ask(client, nullptr, std::min(timeout, kLookInterval), metadata);
    rd_kafka_poll(client, 0);  // takes the complaints
    if (!complaints.empty() && !failed) {
      failed = true;
      deadline = std::min(deadline, std::chrono::steady_clock::now() + kAfterFailure);
    }
  } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && std::chrono::steady_clock::now() < deadline);
  return code;
}

ClusterAnswer::Topic topic_answer(const std::string& name, const struct rd_kafka_metadata& metadata) {
  ClusterAnswer::Topic topic{name, 0, {}, true};
  const rd_kafka_resp_err_t code =
      metadata.topic_cnt == 1 ? metadata.topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    topic.problem = rd_kafka_err2str(code);
  } else {
    topic.partition_count = metadata.topics[0].partition_cnt;
  }
  return topic;
}

void note_rights(rd_kafka_t* client, std::chrono::milliseconds timeout,
                 std::vector<ClusterAnswer::Topic>& topics) {
  std::vector<std::string> names;
  for (const ClusterAnswer::Topic& topic : topics) {
    if (topic.problem.empty()) names.push_back(topic.name);
  }
  if (names.empty()) return;
  const std::set<std::string> denied = topics_without_write(client, names, timeout);
  for (ClusterAnswer::Topic& topic : topics) topic.may_write = !denied.contains(topic.name);
}

}  // namespace

std::string property_problem(const std::string& name, const std::string& value) {
  try {
    (void)producer_properties({"check", ""}, {{name, value}}, kLingerOfNoMatter);
  } catch (const std::invalid_argument& error) {
    const std::string_view said = error.what();
    const std::string subject = "librdkafka property " + name + " ";  // the caller names it already
    return std::string(said.starts_with(subject) ? said.substr(subject.size()) : said);
  }
  const ConfHandle conf(rd_kafka_conf_new());
  std::array<char, 512> text{};
  switch (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size())) {
    case RD_KAFKA_CONF_OK:
      return {};
    case RD_KAFKA_CONF_UNKNOWN:
      return std::string("is not a property of librdkafka ") + rd_kafka_version_str();
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  return holds_a_secret(name) ? "has a value that librdkafka refuses" : text.data();
}

std::string properties_problem(const std::map<std::string, std::string>& properties) {
  try {
    Properties all = producer_properties({"check", ""}, with_key_pair(properties), kLingerOfNoMatter);
    all.erase("bootstrap.servers");  // so that it connects to nobody
    Complaints complaints;
    const ClientHandle client = open_client(all, complaints);
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::vector<std::string> property_names() {
  // Its dump leaves out what is not set; the table for people, "name | C/P | range | ...", has them all.
  char* table = nullptr;
  std::size_t size = 0;
  std::FILE* const stream = open_memstream(&table, &size);
  if (stream == nullptr) {
    return {};
  }
  rd_kafka_conf_properties_show(stream);
  (void)std::fclose(stream);
  const std::unique_ptr<char, Destroyer<std::free>> owner(table);
  std::vector<std::string> names;
  std::istringstream lines(std::string(table, size));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t end = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._");
    if (end != 0 && end != std::string::npos && line.find('|') != std::string::npos) {
      names.push_back(line.substr(0, end));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

ClusterAnswer examine_cluster(const ClusterQuestion& question) {
  Complaints complaints;
  const Properties properties =
      plain_properties({question.instance, question.bootstrap_servers}, question.properties);
  const ClientHandle client = open_client(properties, complaints);
  ClusterAnswer answer;
  MetadataHandle metadata;
  rd_kafka_resp_err_t code = find_a_broker(client.get(), question.timeout, complaints, metadata);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    answer.problem = complaints.empty() ? silence_of(question.timeout.count() / 1000, rd_kafka_err2str(code))
                                        : joined(complaints);
    return answer;
  }
  for (const rd_kafka_metadata_broker_t& broker :
       std::span(metadata->brokers, static_cast<std::size_t>(metadata->broker_cnt))) {
    answer.brokers.push_back(std::string(broker.host) + ":" + std::to_string(broker.port));
  }
  for (const std::string& name : question.topics) {
    const TopicHandle topic(rd_kafka_topic_new(client.get(), name.c_str(), nullptr));
    code = topic ? ask(client.get(), topic.get(), question.timeout, metadata) : rd_kafka_last_error();
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      answer.topics.push_back({name, 0, rd_kafka_err2str(code), true});
      return answer;
    }
    answer.topics.push_back(topic_answer(name, *metadata));
  }
  note_rights(client.get(), question.timeout, answer.topics);
  return answer;
}

}  // namespace ringpost::kafka
