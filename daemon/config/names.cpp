#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "daemon/config/limits.hpp"
#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

// Not <cctype>: these are ASCII whatever the locale.
bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_alphanumeric(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }
bool is_topic_character(char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; }

std::string lowered(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_lower_or_digit(lower)) {
      result += lower;
    }
  }
  return result;
}

std::string port_problem(std::string_view port) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535) {
    return "the port must be a number from 1 to 65535";
  }
  return {};
}

std::string ipv6_broker_problem(std::string_view address) {
  const std::size_t close = address.find(']');
  if (close == std::string_view::npos || address.substr(close + 1, 1) != ":") {
    return "an IPv6 address is written \"[address]:port\"";
  }
  in6_addr parsed{};
  const std::string inside(address.substr(1, close - 1));
  if (inet_pton(AF_INET6, inside.c_str(), &parsed) != 1) {
    return fmt::format("{} is not an IPv6 address", in_quotes(inside));
  }
  return port_problem(address.substr(close + 2));
}

}  // namespace

std::string instance_name_problem(std::string_view name) {
  const bool characters_good = !name.empty() && std::ranges::all_of(name, is_lower_or_digit);
  if (characters_good && name.size() <= kInstanceNameMaxBytes) {
    return {};
  }
  std::string text = "is not an instance name: expected 1 to 64 characters of a-z and 0-9";
  if (const std::string suggestion = lowered(name); !characters_good && !suggestion.empty()) {
    text += fmt::format("; did you mean '{}'?", suggestion.substr(0, kInstanceNameMaxBytes));
  }
  return text;
}

std::string topic_problem(std::string_view topic_or_pattern) {
  const bool pattern = topic_or_pattern.ends_with('*');
  const std::string_view name =
      pattern ? topic_or_pattern.substr(0, topic_or_pattern.size() - 1) : topic_or_pattern;
  if (name.empty() && !pattern) {
    return "is empty; expected a topic's name, a \"prefix*\", or \"*\"";
  }
  if (name.find('*') != std::string_view::npos) {
    return fmt::format("{} has its '*' in the middle; a pattern is a prefix and ends in one '*'",
                       in_quotes(topic_or_pattern));
  }
  if (!pattern && (name == "." || name == "..")) {
    return fmt::format("{} is a name that Kafka does not allow", in_quotes(name));
  }
  if (!std::ranges::all_of(name, is_topic_character)) {
    return fmt::format(
        "{} holds a character that Kafka does not allow; a topic's name is made of A-Z a-z 0-9 . _ -",
        in_quotes(topic_or_pattern));
  }
  if (name.size() > kTopicNameMaxBytes) {
    return fmt::format("{} has {} characters; Kafka allows {}", in_quotes(topic_or_pattern), name.size(),
                       kTopicNameMaxBytes);
  }
  return {};
}

std::string broker_problem(std::string_view address) {
  constexpr std::string_view kForm = R"(expected "host:port")";
  if (address.starts_with('[')) {
    return ipv6_broker_problem(address);
  }
  if (address.find("://") != std::string_view::npos) {
    return fmt::format("{} has a protocol in front; {}, and security.protocol under librdkafka",
                       in_quotes(address), kForm);
  }
  if (address.find(',') != std::string_view::npos) {
    return fmt::format("{} holds a comma; write one broker an element", in_quotes(address));
  }
  const std::size_t colon = address.find(':');
  if (colon == std::string_view::npos) {
    return fmt::format("{} has no port; {}, for example \"{}:9092\"", in_quotes(address), kForm,
                       address.empty() ? "broker1" : address);
  }
  const std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  if (port.find(':') != std::string_view::npos) {
    return fmt::format("{} has more than one colon; an IPv6 address is written \"[address]:port\"",
                       in_quotes(address));
  }
  if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, is_topic_character)) {
    return fmt::format("{} is not a host name with a port; {}", in_quotes(address), kForm);
  }
  const std::string problem = port_problem(port);
  return problem.empty() ? problem : fmt::format("{}: {}", in_quotes(address), problem);
}

}  // namespace ringpost::daemon
