// Reads one table of the configuration key by key, remembers which keys it was asked for, and so can name
// those that nobody knows. Internal to daemon/config.
#pragma once

#include <fmt/format.h>
#include <toml++/toml.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {

// "instance.kafkaid" and "security.protocol" give `instance.kafkaid."security.protocol"`.
std::string join_key(std::string_view section, std::string_view key);

// "a string", "an integer", ...
std::string_view type_name(const toml::node& node);

// "at least 1ms and at most 1s", for a message.
template <typename T, typename Format>
std::string range_text(T min, T max, Format format_value) {
  return fmt::format("at least {} and at most {}", format_value(min), format_value(max));
}

// Every problem of one file.
class Problems {
 public:
  // `is_public`: everybody may read the file, so no secret may stand in it.
  explicit Problems(bool is_public = false) : is_public_(is_public) {}

  bool is_public() const { return is_public_; }
  void add(toml::source_position where, std::string key, std::string text);
  bool empty() const { return problems_.empty(); }
  std::size_t size() const { return problems_.size(); }
  std::vector<ConfigProblem> sorted() &&;  // in the order of the file

 private:
  const bool is_public_;
  std::vector<ConfigProblem> problems_;
};

// The table, the problems and the path must outlive the Section. The read_* functions leave the value as it
// is when the key is absent or wrong; the wrong ones they report.
class Section {
 public:
  Section(const toml::table& table, std::string path, Problems& problems)
      : table_(table), path_(std::move(path)), problems_(problems) {}

  const std::string& path() const { return path_; }
  const toml::table& table() const { return table_; }
  Problems& problems() { return problems_; }

  const toml::node* find(std::string_view key);  // null: absent
  const toml::node* require(std::string_view key, std::string_view what);
  const toml::table* find_table(std::string_view key, std::string_view example);
  const toml::array* find_array(std::string_view key, std::string_view example);

  void read_bool(std::string_view key, bool& value);
  void read_string(std::string_view key, std::string& value);
  // `zero_means`: when not empty, 0 is allowed, too, whatever the range, and this is what it stands for.
  void read_duration(std::string_view key, std::chrono::milliseconds& value, std::chrono::milliseconds min,
                     std::chrono::milliseconds max, std::string_view zero_means = {});
  bool read_size(std::string_view key, std::uint64_t& value, std::uint64_t min, std::uint64_t max,
                 std::string_view zero_means = {});

  template <std::integral T>
  void read_integer(std::string_view key, T& value, std::type_identity_t<T> min,
                    std::type_identity_t<T> max) {
    if (const auto read = read_integer_between(key, std::int64_t{min}, std::int64_t{max})) {
      value = static_cast<T>(*read);
    }
  }

  template <typename T>
  void read_choice(std::string_view key, T& value,
                   std::initializer_list<std::pair<std::string_view, T>> choices) {
    std::vector<std::string_view> names;
    for (const auto& choice : choices) {
      names.push_back(choice.first);
    }
    if (const auto index = read_choice_of(key, names)) {
      value = (choices.begin() + *index)->second;
    }
  }

  // Reports a key of this section, at its value; at the section's own place when the key is absent.
  void problem(std::string_view key, std::string text);
  void problem_at(const toml::node& node, std::string_view key, std::string text);

  // Reports the keys that nobody asked for. `elsewhere` maps known keys of other sections to where they
  // belong.
  void finish(std::initializer_list<std::pair<std::string_view, std::string_view>> elsewhere = {});

 private:
  std::optional<std::int64_t> read_integer_between(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<std::ptrdiff_t> read_choice_of(std::string_view key,
                                               const std::vector<std::string_view>& names);

  const toml::table& table_;
  std::string path_;
  Problems& problems_;
  std::set<std::string_view> known_;
};

}  // namespace ringpost::daemon
