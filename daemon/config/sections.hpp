// The readers of the configuration's sections. Internal to daemon/config.
#pragma once

#include <toml++/toml.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/config/section.hpp"

namespace ringpost::daemon {

DaemonConfig read_daemon(const toml::table& table, Problems& problems);

InstanceConfig read_instance(std::string name, const toml::table& table, Problems& problems);

AllowConfig read_allow(const toml::table& table, const std::string& path, Problems& problems);

DeadLettersConfig read_dead_letters(const toml::table& table, const std::string& path, Problems& problems);

// `topics`: the instance's, as far as they are good; a rule that matches none of them is a slip.
TopicRules read_topic_rules(const toml::table& table, const std::string& path,
                            const std::vector<std::string>& topics, Problems& problems);

// Each for itself; together with the secrets they are judged by read_credentials().
std::map<std::string, std::string> read_librdkafka(const toml::table& table, const std::string& path,
                                                   Problems& problems);

// What stands in files beside the configuration, and librdkafka's judgement of it all. `problems_before`: how many there
// were before `librdkafka` was read.
void read_credentials(Section& section, InstanceConfig& config, std::size_t problems_before);

// What is wrong with the name, the topic or pattern, the broker; empty when nothing is.
std::string instance_name_problem(std::string_view name);
std::string topic_problem(std::string_view topic_or_pattern);
std::string broker_problem(std::string_view address);

}  // namespace ringpost::daemon
