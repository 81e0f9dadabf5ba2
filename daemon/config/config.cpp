#include "daemon/config/config.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "daemon/config/section.hpp"
#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

std::vector<InstanceConfig> read_instances(const toml::table& table, Problems& problems) {
  std::vector<InstanceConfig> instances;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    if (const std::string problem = instance_name_problem(name); !problem.empty()) {
      problems.add(key.source().begin, join_key("instance", name), problem);
    }
    if (const auto* instance = node.as_table()) {
      instances.push_back(read_instance(name, *instance, problems));
    } else {
      problems.add(
          node.source().begin, join_key("instance", name),
          fmt::format("is {}; an instance is a section of its own, [instance.NAME]", type_name(node)));
    }
  }
  if (table.size() > kInstancesMax) {
    problems.add(table.source().begin, "instance",
                 fmt::format("has {} instances; at most {} are allowed", table.size(), kInstancesMax));
  }
  std::ranges::sort(instances, {}, &InstanceConfig::name);
  return instances;
}

Config read_root(const toml::table& table, Problems& problems) {
  Section root(table, "", problems);
  Config config;
  if (const auto* daemon = root.find_table("daemon", "[daemon]")) {
    config.daemon = read_daemon(*daemon, problems);
  }
  const auto* instances = root.find_table("instance", "[instance.NAME]");
  if (instances != nullptr) {
    config.instances = read_instances(*instances, problems);
  }
  if (instances == nullptr ? !table.contains("instance") : instances->empty()) {
    root.problem("instance",
                 "is missing; expected at least one section [instance.NAME] with brokers and topics");
  }
  constexpr std::string_view kInstance = "[instance.NAME]";
  root.finish({{"socket", "[daemon]"},
               {"log", "[daemon]"},
               {"log_level", "[daemon]"},
               {"stop_timeout", "[daemon]"},
               {"daemon_grace", "[daemon]"},
               {"state_dir", "[daemon]"},
               {"sync", "[daemon]"},
               {"sync_interval", "[daemon]"},
               {"clients_max", "[daemon]"},
               {"brokers", kInstance},
               {"topics", kInstance},
               {"send_timeout", kInstance},
               {"spool", kInstance},
               {"dead_letters", kInstance},
               {"topic", "[instance.NAME.topic.NAME]"},
               {"librdkafka", "[instance.NAME.librdkafka]"}});
  if (!config.daemon.enabled) {
    std::ranges::for_each(config.instances, [](InstanceConfig& instance) { instance.enabled = false; });
  }
  return config;
}

LoadResult unreadable(std::string text) {
  return {std::nullopt, {ConfigProblem{0, 0, {}, std::move(text)}}, {}};
}

}  // namespace

LoadResult parse(std::string_view text, bool is_public) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    const auto where = error.source().begin;
    return {std::nullopt,
            {ConfigProblem{where.line, where.column, {}, fmt::format("not TOML: {}", error.description())}},
            {}};
  }
  Problems problems(is_public);
  Config config = read_root(table, problems);
  if (problems.empty()) {
    return {std::move(config), {}, {}};
  }
  return {std::nullopt, std::move(problems).sorted(), {}};
}

LoadResult load(const std::string& path) {
  const auto close = [](std::FILE* file) { (void)std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "re"), close);
  if (!file) {
    return unreadable(fmt::format("can't be opened: {}", std::generic_category().message(errno)));
  }
  std::string text;
  std::array<char, 16384> chunk{};
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get())) {
    text.append(chunk.data(), count);
    if (text.size() > kFileMaxBytes) {
      return unreadable(fmt::format("has more than {}: not a configuration", format_size(kFileMaxBytes)));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return unreadable(fmt::format("can't be read: {}", std::generic_category().message(errno)));
  }
  struct stat status {};
  const bool is_public = ::fstat(::fileno(file.get()), &status) == 0 && (status.st_mode & S_IROTH) != 0;
  LoadResult result = parse(text, is_public);
  result.text = std::move(text);
  return result;
}

std::string to_string(const ConfigProblem& problem, std::string_view path) {
  std::string text(path);
  if (problem.line != 0) {
    text += fmt::format(":{}:{}", problem.line, problem.column);
  }
  return problem.key.empty() ? fmt::format("{}: {}", text, problem.text)
                             : fmt::format("{}: {}: {}", text, problem.key, problem.text);
}

bool topic_is_listed(const InstanceConfig& instance, std::string_view topic) {
  return std::ranges::any_of(instance.topics, [&](std::string_view rule) {
    return rule.ends_with('*') ? topic.starts_with(rule.substr(0, rule.size() - 1)) : topic == rule;
  });
}

std::chrono::milliseconds send_timeout_of(const InstanceConfig& instance, std::string_view topic) {
  if (const auto exact = instance.topic_rules.find(topic); exact != instance.topic_rules.end()) {
    return exact->second.send_timeout;
  }
  std::chrono::milliseconds send_timeout = instance.send_timeout;
  std::size_t longest = 0;
  for (const auto& [rule, config] : instance.topic_rules) {
    if (rule.ends_with('*') && rule.size() > longest &&
        topic.starts_with(std::string_view(rule).substr(0, rule.size() - 1))) {
      longest = rule.size();
      send_timeout = config.send_timeout;
    }
  }
  return send_timeout;
}

}  // namespace ringpost::daemon
