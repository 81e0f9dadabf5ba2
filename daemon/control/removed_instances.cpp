#include "daemon/control/removed_instances.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/store/files.hpp"
#include "daemon/store/segment_file.hpp"
#include "ipc/record.hpp"

namespace ringpost::daemon {
namespace {

bool is_configured(const Config& config, std::string_view name) {
  return std::any_of(config.instances.begin(), config.instances.end(),
                     [name](const InstanceConfig& instance) { return instance.name == name; });
}

std::vector<std::string> names_of(std::string_view instance, const Inheritance& left) {
  std::vector<std::string> names;
  if (left.arena) names.push_back(arena_name_of(instance));
  if (left.journal) names.push_back(journal_name_of(instance));
  for (const auto& [client_id, doorbell] : left.doorbells)
    names.push_back(doorbell_name_of(client_id, instance));
  return names;
}

bool has_spooled(const StateDirectory* state, const std::string& instance) {
  std::vector<std::string> files;
  if (state == nullptr ||
      real_files().list(StateDirectory::instance_path(state->path(), instance), files) != 0)
    return false;
  return std::any_of(files.begin(), files.end(), [](const std::string& file) {
    return parse_segment_name(Kind::kSpool, file).type == SegmentName::Type::kLog;
  });
}

InstanceConfig removed_config(std::string name) {
  InstanceConfig config;
  config.name = std::move(name);
  config.removed = true;
  config.enabled = false;
  config.spool_bytes = 0;              // what is there is read; nothing more goes there
  config.dead_letters.size_bytes = 0;  // all of it is kept, until it is too old
  return config;
}

}  // namespace

std::vector<std::string> take_emptied(Estate& estate, const Config& config, const StateDirectory* state) {
  std::vector<std::string> names;
  for (auto at = estate.instances.begin(); at != estate.instances.end();) {
    const auto here = at++;
    // What waits on disk is in the books of the arena.
    if (is_configured(config, here->first) || !nothing_waits_in(here->second) ||
        has_spooled(state, here->first))
      continue;
    for (std::string& name : names_of(here->first, here->second)) names.push_back(std::move(name));
    estate.instances.erase(here);
  }
  return names;
}

std::vector<InstanceConfig> removed_instances(const Estate& estate, const Config& config,
                                              const StateDirectory* state) {
  std::set<std::string> names;
  for (const auto& [name, left] : estate.instances) names.insert(name);
  std::vector<std::string> folders;
  if (state != nullptr) real_files().list(state->path(), folders);
  for (std::string& name : folders) {
    if (ipc::is_instance_name(name) && has_spooled(state, name)) names.insert(std::move(name));
  }
  std::vector<InstanceConfig> removed;
  for (const std::string& name : names) {
    if (!is_configured(config, name)) removed.push_back(removed_config(name));
  }
  return removed;
}

}  // namespace ringpost::daemon
