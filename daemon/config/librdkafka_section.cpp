#include <algorithm>
#include <array>
#include <vector>

#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"
#include "kafka/examine.hpp"
#include "kafka/secrets.hpp"

namespace ringpost::daemon {
namespace {

struct Owned {
  std::string_view property;
  std::string_view reason;
};

constexpr std::string_view kTest = "a test cluster is started by brokers = \"embedded\"";

// Properties that have a key of their own or no effect. Those that a promise hangs on are in
// kafka/client_properties.cpp.
constexpr std::array kOwned{
    Owned{"bootstrap.servers", "use the instance's key 'brokers'"},
    Owned{"delivery.timeout.ms", "use the instance's key 'send_timeout'"},
    Owned{"linger.ms", "use the instance's key 'linger'"},
    Owned{"message.timeout.ms", "use the instance's key 'send_timeout'"},
    Owned{"metadata.broker.list", "use the instance's key 'brokers'"},
    Owned{"partitioner", "a key's partition must be the one that Java's producer chooses"},
    Owned{"queue.buffering.max.ms", "use the instance's key 'linger'"},
    Owned{"test.mock.broker.rtt", kTest},
    Owned{"test.mock.num.brokers", kTest},
};

std::string scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return text->get();
  }
  if (const auto* number = node.as_integer()) {
    return fmt::format("{}", number->get());
  }
  return node.as_boolean()->get() ? "true" : "false";
}

// The problem of librdkafka's with it, and what it may have been meant to be.
std::string property_problem(const std::string& name, const std::string& value) {
  std::string problem = kafka::property_problem(name, value);
  const std::vector<std::string> known = kafka::property_names();
  if (!problem.empty() && !std::ranges::binary_search(known, name)) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    if (const auto near = nearest(name, names)) {
      problem += fmt::format("; did you mean '{}'?", *near);
    }
  }
  return problem;
}

class Reader {
 public:
  Reader(const std::string& path, Problems& problems) : path_(path), problems_(problems) {}

  // `prefix` is what the names of enclosing tables add up to: without quotes, security.protocol is a table in
  // a table.
  void read(const toml::table& table, const std::string& prefix = "");

  std::map<std::string, std::string> properties;

 private:
  void read_property(const toml::key& key, const toml::node& node, const std::string& name);
  void problem(const toml::source_region& where, const std::string& name, std::string text) {
    problems_.add(where.begin, join_key(path_, name), std::move(text));
  }

  const std::string& path_;
  Problems& problems_;
};

void Reader::read(const toml::table& table, const std::string& prefix) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* nested = node.as_table()) {
      read(*nested, name + ".");
    } else {
      read_property(key, node, name);
    }
  }
}

void Reader::read_property(const toml::key& key, const toml::node& node, const std::string& name) {
  const auto owned = std::ranges::find(kOwned, std::string_view(name), &Owned::property);
  if (name.empty() || name.find('\0') != std::string::npos) {
    return problem(key.source(), name, "is not a property's name");
  }
  if (owned != kOwned.end()) {
    return problem(key.source(), name, fmt::format("is set by Ringpost: {}", owned->reason));
  }
  if (!node.is_string() && !node.is_integer() && !node.is_boolean()) {
    return problem(node.source(), name,
                   fmt::format("is {}; expected a string, an integer or a boolean", type_name(node)));
  }
  const std::string text = scalar_text(node);
  if (text.find('\0') != std::string::npos) {
    return problem(node.source(), name, "holds a NUL character");
  }
  if (std::string found = property_problem(name, text); !found.empty()) {
    return problem(key.source(), name, std::move(found));
  }
  if (problems_.is_public() && kafka::is_secret(name)) {
    return problem(key.source(), name,
                   "is a secret, and everybody may read this file: name a file that holds it in "
                   "'password_file' or 'secret_files', or chmod o-r this one");
  }
  if (!properties.emplace(name, text).second) {
    problem(key.source(), name, "stands there twice, once with quotes and once without");
  }
}

}  // namespace

std::map<std::string, std::string> read_librdkafka(const toml::table& table, const std::string& path,
                                                   Problems& problems) {
  Reader reader(path, problems);
  reader.read(table);
  return std::move(reader.properties);
}

}  // namespace ringpost::daemon
