#include <algorithm>
#include <stdexcept>

#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"
#include "kafka/examine.hpp"
#include "kafka/secrets.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::string_view kFilesForm = R"({ "ssl.key.password" = "/etc/ringpost/key-password" })";

// What keeps it from being that property's file; empty: nothing. Whether it is there and holds a secret is asked when it is read.
std::string path_problem(const toml::node& node) {
  const auto* path = node.as_string();
  if (path == nullptr) {
    return fmt::format("is {}; expected a file's path in quotes", type_name(node));
  }
  if (!path->get().starts_with('/') || path->get().find('\0') != std::string::npos) {
    return fmt::format("is {}; expected an absolute path", in_quotes(path->get()));
  }
  return {};
}

// `key`: its full path.
void take_file(Problems& problems, const toml::node& node, const std::string& key,
               const std::string& property, InstanceConfig& config) {
  const auto refuse = [&](std::string why) { problems.add(node.source().begin, key, std::move(why)); };
  if (std::string problem = path_problem(node); !problem.empty()) {
    return refuse(std::move(problem));
  }
  if (config.librdkafka.contains(property) || config.secret_files.contains(property)) {
    return refuse(fmt::format("is for librdkafka's {}, which is given twice", property));
  }
  const std::string& path = node.as_string()->get();
  try {
    (void)kafka::read_secret(property, path);
  } catch (const std::runtime_error& error) {
    return refuse(error.what());
  }
  config.secret_files.emplace(property, path);
}

void read_secret_files(Section& section, InstanceConfig& config) {
  const toml::table* const files = section.find_table("secret_files", kFilesForm);
  if (files == nullptr) {
    return;
  }
  for (const auto& [name, node] : *files) {
    const std::string property(name.str());
    const std::string key = join_key(join_key(section.path(), "secret_files"), property);
    if (kafka::is_secret(property)) {
      take_file(section.problems(), node, key, property, config);
    } else {
      section.problems().add(name.source().begin, key,
                             fmt::format("is not a property of librdkafka that holds a secret; those are {}",
                                         fmt::join(kafka::secret_properties(), ", ")));
    }
  }
}

void read_username(Section& section, InstanceConfig& config) {
  std::string username;
  section.read_string("username", username);
  if (username.empty()) {
    if (const toml::node* node = section.table().get("username"); node != nullptr && node->is_string()) {
      section.problem("username", "is empty");
    }
  } else if (username.find('\0') != std::string::npos) {
    section.problem("username", "holds a NUL character");
  } else if (!config.librdkafka.emplace("sasl.username", username).second) {
    section.problem("username", "is for librdkafka's sasl.username, which is given twice");
  }
}

}  // namespace

void read_credentials(Section& section, InstanceConfig& config, std::size_t problems_before) {
  read_username(section, config);
  if (const toml::node* node = section.find("password_file")) {
    take_file(section.problems(), *node, join_key(section.path(), "password_file"), "sasl.password", config);
  }
  read_secret_files(section, config);
  if (section.problems().size() != problems_before) {
    return;  // the whole would repeat what its parts said
  }
  const toml::node* const properties = section.table().get("librdkafka");
  if (properties == nullptr && config.librdkafka.empty() && config.secret_files.empty()) {
    return;
  }
  if (const std::string whole =
          kafka::properties_problem(kafka::with_secrets(config.librdkafka, config.secret_files));
      !whole.empty()) {
    section.problems().add((properties != nullptr ? properties->source() : section.table().source()).begin,
                           properties != nullptr ? join_key(section.path(), "librdkafka") : section.path(),
                           fmt::format("librdkafka refuses these properties: {}", whole));
  }
}

}  // namespace ringpost::daemon
