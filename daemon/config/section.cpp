#include "daemon/config/section.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::string_view kDurationForm = R"(a duration such as "500ms", "30s", "5min" or "1h")";
constexpr std::string_view kSizeForm = R"(a size such as "64KiB", "4MiB" or "1GiB")";

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
}

// What people write instead, and what it would have to be: a number alone, or another spelling of the unit.
std::string duration_hint(const toml::node& node) {
  if (const auto* number = node.as_integer(); number != nullptr && number->get() >= 0) {
    return fmt::format("; a number needs its unit: \"{0}ms\" or \"{0}s\"", number->get());
  }
  return {};
}

std::string size_hint(const toml::node& node) {
  if (const auto* number = node.as_integer(); number != nullptr && number->get() >= 0) {
    return fmt::format("; a number needs its unit: \"{}B\"", number->get());
  }
  const auto* text = node.as_string();
  if (text == nullptr) {
    return {};
  }
  constexpr std::array kSlips{std::pair{"KB", "KiB"}, std::pair{"kB", "KiB"}, std::pair{"MB", "MiB"},
                              std::pair{"GB", "GiB"}, std::pair{"TB", "TiB"}, std::pair{"K", "KiB"},
                              std::pair{"k", "KiB"},  std::pair{"M", "MiB"},  std::pair{"G", "GiB"},
                              std::pair{"T", "TiB"}};
  for (const auto& [wrong, right] : kSlips) {
    if (const std::string_view written = text->get(); written.ends_with(wrong)) {
      const auto corrected =
          fmt::format("{}{}", written.substr(0, written.size() - std::string_view(wrong).size()), right);
      if (parse_size(corrected)) {
        return fmt::format("; did you mean \"{}\"?", corrected);
      }
    }
  }
  return {};
}

std::string zero_note(std::string_view zero, std::string_view means) {
  return means.empty() ? std::string() : fmt::format(", or \"{}\" for {}", zero, means);
}

// A wrong value as the message shows it: its text where it is a short one, else its type.
std::string shown(const toml::node& node) {
  if (const auto* text = node.as_string()) {
    return in_quotes(text->get());
  }
  if (const auto* number = node.as_integer()) {
    return fmt::format("{}", number->get());
  }
  return std::string(type_name(node));
}

}  // namespace

std::string join_key(std::string_view section, std::string_view key) {
  const std::string part = is_bare_key(key) ? std::string(key) : in_quotes(key);
  return section.empty() ? part : fmt::format("{}.{}", section, part);
}

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a floating-point number";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time of day";
    case toml::node_type::date_time:
      return "a date and time";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

void Problems::add(toml::source_position where, std::string key, std::string text) {
  problems_.push_back({where.line, where.column, std::move(key), std::move(text)});
}

std::vector<ConfigProblem> Problems::sorted() && {
  std::ranges::stable_sort(problems_, {},
                           [](const ConfigProblem& p) { return std::tuple(p.line, p.column); });
  return std::move(problems_);
}

const toml::node* Section::find(std::string_view key) {
  known_.insert(key);
  return table_.get(key);
}

const toml::node* Section::require(std::string_view key, std::string_view what) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    problem(key, fmt::format("is missing; expected {}", what));
  }
  return node;
}

const toml::table* Section::find_table(std::string_view key, std::string_view example) {
  const toml::node* node = find(key);
  if (node != nullptr && !node->is_table()) {
    problem(key, fmt::format("is {}; expected a table: {}", type_name(*node), example));
  }
  return node == nullptr ? nullptr : node->as_table();
}

const toml::array* Section::find_array(std::string_view key, std::string_view example) {
  const toml::node* node = find(key);
  if (node != nullptr && !node->is_array()) {
    problem(key, fmt::format("is {}; expected a list such as {}", shown(*node), example));
  }
  return node == nullptr ? nullptr : node->as_array();
}

void Section::read_bool(std::string_view key, bool& value) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return;
  }
  if (const auto* boolean = node->as_boolean()) {
    value = boolean->get();
  } else {
    problem(key, fmt::format("is {}; expected true or false (without quotes)", shown(*node)));
  }
}

void Section::read_string(std::string_view key, std::string& value) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return;
  }
  if (const auto* text = node->as_string()) {
    value = text->get();
  } else {
    problem(key, fmt::format("is {}; expected a string in quotes", shown(*node)));
  }
}

void Section::read_duration(std::string_view key, std::chrono::milliseconds& value,
                            std::chrono::milliseconds min, std::chrono::milliseconds max,
                            std::string_view zero_means) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return;
  }
  const auto* text = node->as_string();
  const auto parsed = text == nullptr ? std::nullopt : parse_duration(text->get());
  if (!parsed) {
    problem(key, fmt::format("is {}; expected {}{}", shown(*node), kDurationForm, duration_hint(*node)));
  } else if (const bool zero = !zero_means.empty() && parsed->count() == 0;
             !zero && (*parsed < min || *parsed > max)) {
    problem(key, fmt::format("is {}; must be {}{}", shown(*node), range_text(min, max, format_duration),
                             zero_note("0s", zero_means)));
  } else {
    value = *parsed;
  }
}

bool Section::read_size(std::string_view key, std::uint64_t& value, std::uint64_t min, std::uint64_t max,
                        std::string_view zero_means) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return false;
  }
  const auto* text = node->as_string();
  const auto parsed = text == nullptr ? std::nullopt : parse_size(text->get());
  if (!parsed) {
    problem(key, fmt::format("is {}; expected {}{}", shown(*node), kSizeForm, size_hint(*node)));
    return false;
  }
  if (const bool zero = !zero_means.empty() && *parsed == 0; !zero && (*parsed < min || *parsed > max)) {
    problem(key, fmt::format("is {}; must be {}{}", shown(*node), range_text(min, max, format_size),
                             zero_note("0", zero_means)));
    return false;
  }
  value = *parsed;
  return true;
}

std::optional<std::int64_t> Section::read_integer_between(std::string_view key, std::int64_t min,
                                                          std::int64_t max) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  const auto* number = node->as_integer();
  if (number == nullptr || number->get() < min || number->get() > max) {
    problem(key, fmt::format("is {}; expected an integer from {} to {}", shown(*node), min, max));
    return std::nullopt;
  }
  return number->get();
}

std::optional<std::ptrdiff_t> Section::read_choice_of(std::string_view key,
                                                      const std::vector<std::string_view>& names) {
  const toml::node* node = find(key);
  if (node == nullptr) {
    return std::nullopt;
  }
  if (const auto* text = node->as_string()) {
    if (const auto found = std::ranges::find(names, text->get()); found != names.end()) {
      return found - names.begin();
    }
  }
  problem(key, fmt::format("is {}; expected one of \"{}\"", shown(*node), fmt::join(names, "\", \"")));
  return std::nullopt;
}

void Section::problem(std::string_view key, std::string text) {
  const toml::node* node = table_.get(key);
  problem_at(node != nullptr ? *node : static_cast<const toml::node&>(table_), key, std::move(text));
}

void Section::problem_at(const toml::node& node, std::string_view key, std::string text) {
  problems_.add(node.source().begin, join_key(path_, key), std::move(text));
}

void Section::finish(std::initializer_list<std::pair<std::string_view, std::string_view>> elsewhere) {
  const std::vector<std::string_view> sorted(known_.begin(), known_.end());
  for (const auto& [key, node] : table_) {
    const std::string_view name = key.str();
    if (std::ranges::binary_search(sorted, name)) {
      continue;
    }
    const auto moved =
        std::ranges::find(elsewhere, name, &std::pair<std::string_view, std::string_view>::first);
    std::string text = "is not a key that ringpost knows";
    if (moved != elsewhere.end()) {
      text += fmt::format(" here; it belongs under {}", moved->second);
    } else if (const auto near = nearest(name, sorted)) {
      text += fmt::format("; did you mean '{}'?", *near);
    } else {
      text += fmt::format("; known here: {}", fmt::join(sorted, ", "));
    }
    problems_.add(key.source().begin, join_key(path_, name), std::move(text));
  }
}

}  // namespace ringpost::daemon
