#include <algorithm>
#include <bit>
#include <set>

#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::string_view kBrokersForm = R"(a list such as ["broker1:9092"], or "embedded")";
constexpr std::string_view kTopicsForm = R"(["orders", "crm.*"], or ["*"] for every topic)";

// A list of distinct strings, each of which `element_problem` finds nothing wrong with.
template <typename Check>
std::vector<std::string> read_list(Section& section, std::string_view key, const toml::array& list,
                                   std::size_t max, std::string_view example, Check element_problem) {
  if (list.empty() || list.size() > max) {
    section.problem(key,
                    fmt::format("has {} elements; expected 1 to {}, such as {}", list.size(), max, example));
  }
  std::vector<std::string> values;
  std::set<std::string_view> seen;
  for (const toml::node& node : list) {
    const auto* text = node.as_string();
    if (text == nullptr) {
      section.problem_at(node, key, fmt::format("holds {}; expected strings in quotes", type_name(node)));
    } else if (const std::string problem = element_problem(text->get()); !problem.empty()) {
      section.problem_at(node, key, problem);
    } else if (!seen.insert(text->get()).second) {
      section.problem_at(node, key, fmt::format("{} stands there twice", in_quotes(text->get())));
    } else {
      values.push_back(text->get());
    }
  }
  return values;
}

void read_brokers(Section& section, InstanceConfig& config) {
  if (const toml::node* node = section.require("brokers", kBrokersForm)) {
    if (const auto* text = node->as_string(); text != nullptr && text->get() == "embedded") {
      config.embedded = true;
    } else if (const auto* list = node->as_array()) {
      config.brokers =
          read_list(section, "brokers", *list, kBrokersMax, R"(["broker1:9092"])", broker_problem);
    } else {
      section.problem("brokers",
                      fmt::format("is {}; expected {}",
                                  text != nullptr ? in_quotes(text->get()) : std::string(type_name(*node)),
                                  kBrokersForm));
    }
  }
  section.read_integer("partitions", config.embedded_partitions, 1, kEmbeddedPartitionsMax);
  if (const toml::node* brokers = section.table().get("brokers"); brokers != nullptr && !config.embedded) {
    if (section.table().contains("partitions")) {
      section.problem("partitions",
                      "has a meaning only with brokers = \"embedded\"; a cluster's own administrator "
                      "sets its topics' partitions");
    }
  }
}

void read_topics(Section& section, InstanceConfig& config) {
  if (section.require("topics", fmt::format("a list such as {}", kTopicsForm)) == nullptr) {
    return;
  }
  if (const auto* list = section.find_array("topics", kTopicsForm)) {
    config.topics = read_list(section, "topics", *list, kTopicsMax, kTopicsForm, topic_problem);
  }
}

void read_name_quotas(Section& section, InstanceConfig& config) {
  section.read_integer("unknown_topics_per_client_max", config.unknown_topics_per_client_max, 1,
                       kUnknownTopicsMax);
  section.read_integer("unknown_topics_per_user_max", config.unknown_topics_per_user_max, 1,
                       kUnknownTopicsMax);
}

void read_policy(Section& section, InstanceConfig& config) {
  section.read_duration("send_timeout", config.send_timeout, kSendTimeoutMin, kSendTimeoutMax, "never");
  section.read_duration("linger", config.linger, std::chrono::milliseconds(0), kLingerMax);
  section.read_choice("when_disconnected", config.when_disconnected,
                      {{"buffer", WhenDisconnected::kBuffer}, {"reject", WhenDisconnected::kReject}});
  section.read_duration("reject_after", config.reject_after, std::chrono::milliseconds(0), kRejectAfterMax);
}

// The three sizes depend on each other: a wrong one is reported once, and not again by what depends on it.
void read_sizes(Section& section, InstanceConfig& config) {
  bool lane_good =
      section.read_size("lane_size", config.lane_size_bytes, kLaneSizeMinBytes, kLaneSizeMaxBytes) ||
      !section.table().contains("lane_size");
  if (!std::has_single_bit(config.lane_size_bytes)) {
    section.problem("lane_size", fmt::format("is \"{}\"; must be a power of two: \"{}\" or \"{}\"",
                                             format_size(config.lane_size_bytes),
                                             format_size(std::bit_floor(config.lane_size_bytes)),
                                             format_size(std::bit_ceil(config.lane_size_bytes))));
    lane_good = false;
  }
  section.read_integer("lanes_per_client_max", config.lanes_per_client_max, 1, kLanesPerClientMax);

  // By the lane only where the lane is known: else its problem would come back as the event's.
  const std::uint64_t event_max = config.lane_size_bytes / kEventsPerLaneMin;
  config.max_event_size_bytes = std::min(kEventSizeDefaultBytes, event_max);
  if (section.read_size("max_event_size", config.max_event_size_bytes, kEventSizeMinBytes,
                        kEventSizeMaxBytes) &&
      lane_good && config.max_event_size_bytes > event_max) {
    section.problem("max_event_size", fmt::format("is \"{}\"; must be at most half of lane_size (\"{}\")",
                                                  format_size(config.max_event_size_bytes),
                                                  format_size(config.lane_size_bytes)));
  }
  const bool buffer_good =
      section.read_size("buffer_size", config.buffer_size_bytes, kBufferSizeMinBytes, kBufferSizeMaxBytes) ||
      !section.table().contains("buffer_size");
  const std::uint64_t buffer_min = kBufferLanesMin * config.lane_size_bytes;
  if (buffer_good && lane_good && config.buffer_size_bytes < buffer_min) {
    section.problem(
        section.table().contains("buffer_size") ? "buffer_size" : "lane_size",
        fmt::format("makes the buffer \"{}\", less than {} lanes of \"{}\"; buffer_size must be at least "
                    "\"{}\" then",
                    format_size(config.buffer_size_bytes), kBufferLanesMin,
                    format_size(config.lane_size_bytes), format_size(buffer_min)));
  }
}

void read_disk(Section& section, InstanceConfig& config) {
  const bool spool_read =
      section.read_size("spool", config.spool_bytes, kSpoolMinBytes, kSpoolMaxBytes, "none");
  const std::uint64_t spool_min = kSpoolEventsMin * config.max_event_size_bytes;
  if (spool_read && config.spool_bytes != 0 && config.spool_bytes < spool_min) {
    section.problem("spool", fmt::format("is \"{}\"; must be at least twice max_event_size: \"{}\"",
                                         format_size(config.spool_bytes), format_size(spool_min)));
  }
  if (const auto* letters = section.find_table("dead_letters", R"({ size = "256MiB", age = "30d" })")) {
    config.dead_letters =
        read_dead_letters(*letters, join_key(section.path(), "dead_letters"), section.problems());
    if (letters->contains("size") && config.dead_letters.size_bytes < config.max_event_size_bytes) {
      section.problem(
          "dead_letters",
          fmt::format("keeps \"{}\", less than one event of max_event_size (\"{}\")",
                      format_size(config.dead_letters.size_bytes), format_size(config.max_event_size_bytes)));
    }
  }
}

}  // namespace

InstanceConfig read_instance(std::string name, const toml::table& table, Problems& problems) {
  Section section(table, join_key("instance", name), problems);
  InstanceConfig config;
  config.name = std::move(name);
  section.read_bool("enabled", config.enabled);
  read_brokers(section, config);
  read_topics(section, config);
  read_name_quotas(section, config);
  read_policy(section, config);
  read_sizes(section, config);
  read_disk(section, config);
  section.read_bool("event_id", config.event_id);
  if (const auto* rules = section.find_table("topic", R"([instance.NAME.topic."crm.*"])")) {
    config.topic_rules = read_topic_rules(*rules, join_key(section.path(), "topic"), config.topics, problems);
  }
  if (const auto* allow = section.find_table("allow", R"({ users = ["scripts"], groups = ["crm"] })")) {
    config.allow = read_allow(*allow, join_key(section.path(), "allow"), problems);
  }
  const std::size_t problems_before = problems.size();
  if (const auto* properties = section.find_table("librdkafka", R"({ "security.protocol" = "ssl" })")) {
    config.librdkafka = read_librdkafka(*properties, join_key(section.path(), "librdkafka"), problems);
  }
  read_credentials(section, config, problems_before);
  section.finish({{"socket", "[daemon]"},
                  {"log", "[daemon]"},
                  {"log_level", "[daemon]"},
                  {"stop_timeout", "[daemon]"},
                  {"daemon_grace", "[daemon]"},
                  {"clients_max", "[daemon]"},
                  {"clients_per_user_max", "[daemon]"},
                  {"lane_memory_max", "[daemon]"},
                  {"lane_memory_per_user_max", "[daemon]"},
                  {"state_dir", "[daemon]"},
                  {"sync", "[daemon]"},
                  {"sync_interval", "[daemon]"},
                  {"users", "allow"},
                  {"groups", "allow"}});
  return config;
}

}  // namespace ringpost::daemon
