#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <vector>

#include "daemon/config/overflow_ids.hpp"
#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::uint32_t kInvalidId = 0xffffffff;  // (uid_t)-1

// An id, or what is wrong.
struct Lookup {
  std::optional<std::uint32_t> id;
  std::string problem;
};

template <typename Entry, typename Id, typename Call>
Lookup look_up(Call call, Id Entry::*id, std::string_view what, const std::string& name) {
  constexpr std::size_t kBufferMaxBytes = std::size_t{1}
                                          << 20;  // a group lists its members: thousands of names
  Entry entry{};
  Entry* found = nullptr;
  std::vector<char> buffer(4096);
  int error = call(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  while (error == ERANGE && buffer.size() < kBufferMaxBytes) {
    buffer.resize(buffer.size() * 2);
    error = call(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  }
  if (found != nullptr) {
    return {entry.*id, {}};
  }
  if (error != 0 && error != ENOENT && error != ESRCH) {
    return {std::nullopt, fmt::format("the {} {} can't be looked up: {}", what, in_quotes(name),
                                      std::generic_category().message(error))};
  }
  return {std::nullopt, fmt::format("there is no {} {} on this machine", what, in_quotes(name))};
}

Lookup look_up_user(const std::string& name) { return look_up(getpwnam_r, &passwd::pw_uid, "user", name); }
Lookup look_up_group(const std::string& name) { return look_up(getgrnam_r, &group::gr_gid, "group", name); }

template <typename LookUp>
Lookup id_of(const toml::node& node, LookUp by_name) {
  if (const auto* text = node.as_string()) {
    if (text->get().empty() || text->get().find('\0') != std::string::npos) {
      return {std::nullopt, fmt::format("{} is no name", in_quotes(text->get()))};
    }
    return by_name(text->get());
  }
  if (const auto* number = node.as_integer();
      number != nullptr && number->get() >= 0 && number->get() < kInvalidId) {
    return {static_cast<std::uint32_t>(number->get()), {}};
  }
  return {std::nullopt,
          fmt::format("holds {}; expected names, or numeric ids without quotes", type_name(node))};
}

// `overflow`: the id that every user or group of another user namespace has here. To allow it would be to allow all of them.
template <typename LookUp>
std::vector<std::uint32_t> read_ids(Section& section, std::string_view key, LookUp by_name,
                                    std::uint32_t overflow) {
  std::vector<std::uint32_t> ids;
  const auto* list = section.find_array(key, R"(["scripts"])");
  if (list == nullptr) {
    return ids;
  }
  if (list->empty()) {
    section.problem(key, "is empty; leave it out, or all of allow to let everybody publish");
  }
  for (const toml::node& node : *list) {
    const Lookup lookup = id_of(node, by_name);
    if (!lookup.id) {
      section.problem_at(node, key, lookup.problem);
    } else if (*lookup.id == overflow) {
      section.problem_at(
          node, key,
          fmt::format("{} stands for everybody of another user namespace; it is never allowed", overflow));
    } else {
      ids.push_back(*lookup.id);
    }
  }
  return ids;
}

}  // namespace

AllowConfig read_allow(const toml::table& table, const std::string& path, Problems& problems) {
  Section section(table, path, problems);
  AllowConfig config;
  config.user_ids = read_ids(section, "users", look_up_user, overflow_uid());
  config.group_ids = read_ids(section, "groups", look_up_group, overflow_gid());
  if (table.empty()) {
    problems.add(table.source().begin, path,
                 "is empty; expected users or groups, or no allow to let everybody publish");
  }
  section.finish();
  return config;
}

}  // namespace ringpost::daemon
