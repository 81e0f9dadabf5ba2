#include "daemon/control/estate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "ipc/record.hpp"

namespace ringpost::daemon {
namespace {

struct Name {
  std::string_view kind;
  std::uint64_t number = 0;
  std::string_view instance;
};

bool take_number(std::string_view& rest, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc()) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

// KIND.INSTANCE, KIND.NUMBER or KIND.NUMBER.INSTANCE.
std::optional<Name> parse_name(std::string_view text) {
  Name name;
  const std::size_t dot = text.find('.');
  name.kind = text.substr(0, dot);
  if (dot == std::string_view::npos) return name;
  std::string_view rest = text.substr(dot + 1);
  const bool has_number =
      name.kind == "listen" || name.kind == "session" || name.kind == "bell" || name.kind == "lane";
  if (has_number && !take_number(rest, name.number)) return std::nullopt;
  if (has_number && !rest.empty()) {
    if (rest.front() != '.') return std::nullopt;
    rest.remove_prefix(1);
  }
  if (!rest.empty() && !ipc::is_instance_name(rest)) return std::nullopt;
  name.instance = rest;
  return name;
}

// Where a thing of that name belongs; null: nowhere.
ipc::Descriptor* place_of(Estate& estate, const Name& name) {
  if (name.kind == "listen" && name.number != 0 && name.instance.empty()) {
    estate.listener_inode = name.number;
    return &estate.listener;
  }
  if (name.kind == "session" && name.number != 0 && name.instance.empty())
    return &estate.clients[name.number];
  if (name.instance.empty()) return nullptr;
  if (name.kind == "arena") return &estate.instances[std::string(name.instance)].arena;
  if (name.kind == "journal") return &estate.instances[std::string(name.instance)].journal;
  if (name.number == 0) return nullptr;
  if (name.kind == "bell") return &estate.instances[std::string(name.instance)].doorbells[name.number];
  if (name.kind == "lane") return &estate.instances[std::string(name.instance)].lanes[name.number];
  return nullptr;
}

}  // namespace

std::string listener_name_of(std::uint64_t inode) { return fmt::format("listen.{}", inode); }
std::string session_name_of(std::uint64_t client_id) { return fmt::format("session.{}", client_id); }
std::string arena_name_of(std::string_view instance) { return fmt::format("arena.{}", instance); }
std::string journal_name_of(std::string_view instance) { return fmt::format("journal.{}", instance); }
std::string doorbell_name_of(std::uint64_t client_id, std::string_view instance) {
  return fmt::format("bell.{}.{}", client_id, instance);
}
std::string lane_name_of(std::uint64_t lane_id, std::string_view instance) {
  return fmt::format("lane.{}.{}", lane_id, instance);
}

std::map<std::uint64_t, std::uint32_t> Estate::next_slots() const {
  std::map<std::uint64_t, std::uint32_t> slots;
  for (const auto& [name, instance] : instances) {
    for (const auto& [client_id, next_slot] : next_slots_in(instance))
      slots[client_id] = std::max(slots[client_id], next_slot);
  }
  return slots;
}

std::uint64_t Estate::largest_client_id() const {
  std::uint64_t largest = clients.empty() ? 0 : clients.rbegin()->first;
  for (const auto& [name, instance] : instances) {
    if (!instance.doorbells.empty()) largest = std::max(largest, instance.doorbells.rbegin()->first);
  }
  const auto slots = next_slots();
  return slots.empty() ? largest : std::max(largest, slots.rbegin()->first);
}

std::uint64_t Estate::largest_lane_id() const {
  std::uint64_t largest = 0;
  for (const auto& [name, instance] : instances) {
    if (!instance.lanes.empty()) largest = std::max(largest, instance.lanes.rbegin()->first);
  }
  return largest;
}

Estate sort_out(Taken taken) {
  Estate estate;
  estate.generation = taken.takes;
  for (Held& held : taken.held) {
    const std::optional<Name> name = parse_name(held.name);
    ipc::Descriptor* const place = name ? place_of(estate, *name) : nullptr;
    if (place == nullptr) {
      estate.unknown.push_back(std::move(held.name));
    } else {
      *place = std::move(held.descriptor);
    }
  }
  return estate;
}

}  // namespace ringpost::daemon
