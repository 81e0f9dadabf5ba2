#include <algorithm>
#include <array>

#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

std::string_view prefix_of(std::string_view pattern) { return pattern.substr(0, pattern.size() - 1); }

// Whether there can be a topic that both allow: either may be a name or a "prefix*".
bool overlap(std::string_view rule, std::string_view listed) {
  const bool rule_is_pattern = rule.ends_with('*');
  const bool listed_is_pattern = listed.ends_with('*');
  if (!rule_is_pattern && !listed_is_pattern) {
    return rule == listed;
  }
  const std::string_view a = rule_is_pattern ? prefix_of(rule) : rule;
  const std::string_view b = listed_is_pattern ? prefix_of(listed) : listed;
  return (rule_is_pattern && b.starts_with(a)) || (listed_is_pattern && a.starts_with(b));
}

// What is wrong with the name that a rule has; empty when nothing is.
std::string rule_problem(std::string_view rule, const std::vector<std::string>& topics) {
  if (std::string problem = topic_problem(rule); !problem.empty()) {
    return problem;
  }
  // Without good topics there is a problem already, which this would only repeat.
  if (topics.empty() ||
      std::ranges::any_of(topics, [&](std::string_view listed) { return overlap(rule, listed); })) {
    return {};
  }
  const std::vector<std::string_view> candidates(topics.begin(), topics.end());
  const auto near = nearest(rule, candidates);
  return fmt::format("matches none of the instance's topics{}",
                     near ? fmt::format("; did you mean {}?", in_quotes(*near)) : "");
}

// The tables that an instance has; any other is the rest of a name that was to have been in quotes.
constexpr std::array<std::string_view, 3> kTablesOfInstance{"allow", "dead_letters", "librdkafka"};

bool is_rest_of_name(const toml::key& key, const toml::node& node) {
  return node.is_table() && std::ranges::find(kTablesOfInstance, key.str()) == kTablesOfInstance.end();
}

TopicConfig read_rule(const toml::table& table, const std::string& path, Problems& problems) {
  Section section(table, path, problems);
  TopicConfig config;
  if (const auto nested = std::ranges::find_if(
          table, [](auto&& entry) { return is_rest_of_name(entry.first, entry.second); });
      nested != table.end()) {
    // [instance.a.topic.crm.status] is a table in a table.
    problems.add(nested->first.source().begin, join_key(path, nested->first.str()),
                 "is a table in a topic's; a topic's name with dots stands in quotes: "
                 "[instance.NAME.topic.\"crm.status\"]");
    return config;
  }
  if (section.require("send_timeout", "a duration such as \"30s\"") != nullptr) {
    section.read_duration("send_timeout", config.send_timeout, kSendTimeoutMin, kSendTimeoutMax, "never");
  }
  constexpr std::string_view kInstance = "[instance.NAME], and holds for all of its topics";
  section.finish({{"linger", kInstance},
                  {"when_disconnected", kInstance},
                  {"reject_after", kInstance},
                  {"buffer_size", kInstance},
                  {"max_event_size", kInstance},
                  {"spool", kInstance},
                  {"dead_letters", kInstance},
                  {"event_id", kInstance},
                  {"allow", kInstance},
                  {"librdkafka", "[instance.NAME.librdkafka], and holds for all of its topics"}});
  return config;
}

}  // namespace

TopicRules read_topic_rules(const toml::table& table, const std::string& path,
                            const std::vector<std::string>& topics, Problems& problems) {
  TopicRules rules;
  if (table.empty() || table.size() > kTopicsMax) {
    problems.add(table.source().begin, path,
                 fmt::format("has {} topics; expected 1 to {}", table.size(), kTopicsMax));
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (std::string problem = rule_problem(name, topics); !problem.empty()) {
      problems.add(key.source().begin, join_key(path, name), std::move(problem));
    } else if (const auto* rule = node.as_table()) {
      rules.emplace(name, read_rule(*rule, join_key(path, name), problems));
    } else {
      problems.add(
          node.source().begin, join_key(path, name),
          fmt::format("is {}; a topic is a section of its own, [{}]", type_name(node), join_key(path, name)));
    }
  }
  return rules;
}

}  // namespace ringpost::daemon
