#include "daemon/instance/disk.hpp"

#include <algorithm>
#include <unordered_map>

#include "daemon/config/log.hpp"

namespace ringpost::daemon {
namespace {

// Small enough that what is done with makes room soon.
constexpr std::uint64_t kSpoolSegmentsPerLimit = 64;
constexpr std::uint64_t kSpoolSegmentMinBytes = 1u << 20;
constexpr std::uint64_t kSpoolSegmentMaxBytes = 32u << 20;

Log::Sync log_sync(SyncPolicy policy) {
  switch (policy) {
    case SyncPolicy::kAlways:
      return Log::Sync::kAlways;
    case SyncPolicy::kNever:
      return Log::Sync::kNever;
    default:
      return Log::Sync::kInterval;
  }
}

void say(const std::string& instance, const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    const bool harmless = problem.kind == Problem::Kind::kCut;
    log_line(harmless ? spdlog::level::warn : spdlog::level::err, {.instance = instance}, "instance {}: {}",
             instance, problem.text);
  }
}

Log::Options log_options(const DiskConfig& disk) {
  Log::Options options;
  options.directory = disk.directory;
  options.sync = log_sync(disk.sync);
  options.sync_interval = disk.sync_interval;
  return options;
}

std::unique_ptr<Spool> open_spool(const InstanceConfig& config, const DiskConfig& disk, const Arena* left,
                                  Disk& result, std::vector<Problem>& problems) {
  Spool::Options options;
  options.log = log_options(disk);
  options.log.limit_bytes = config.spool_bytes;
  options.log.segment_bytes =
      std::clamp(config.spool_bytes / kSpoolSegmentsPerLimit, kSpoolSegmentMinBytes, kSpoolSegmentMaxBytes);
  std::unordered_map<std::uint64_t, Arena::Ticket> waiting;  // by sequence
  Spool::Recovery recovery;
  if (left != nullptr) {
    options.arena_id = left->id_bytes();
    recovery.freed_segment = static_cast<std::uint32_t>(left->freed_segment());
    for (const Arena::Ticket ticket : left->left()) waiting.emplace(left->prefix(ticket).sequence, ticket);
  }
  DeadLetters* const letters = result.letters.get();
  recovery.has_letter = [letters](const StoredRecord& record) {
    if (letters == nullptr) return false;
    return record.replay_of != 0 ? letters->has_replay_of(record.replay_of)
                                 : letters->has(record.arena_id, record.sequence);
  };
  recovery.was_delivered = [letters](const StoredRecord& record) {
    return letters != nullptr && record.replay_of != 0 &&
           letters->mark_of(unpack(record.replay_of)) == kLetterReplayed;
  };
  recovery.waits = [letters](const StoredRecord& record) {
    if (letters != nullptr && record.replay_of != 0) letters->begin_replay(unpack(record.replay_of));
  };
  recovery.found = [&](std::uint64_t sequence) {
    const auto found = waiting.find(sequence);
    if (found == waiting.end()) return;
    result.moved.push_back(found->second);
    waiting.erase(found);
  };
  return Spool::open(real_files(), options, recovery, problems);
}

}  // namespace

Disk open_disk(const InstanceConfig& config, const DiskConfig& disk, const Arena* left) {
  Disk result;
  result.problem = disk.problem;
  if (disk.directory.empty()) return result;
  result.directory = disk.directory;
  std::vector<Problem> problems;
  DeadLetters::Options letters{log_options(disk), config.dead_letters.size_bytes, config.dead_letters.age};
  result.letters = DeadLetters::open(real_files(), letters, problems);
  if (!result.letters) result.problem = problems.back().text;
  // With spool = "0" nothing more is put there, and what is there is delivered all the same.
  result.spool = open_spool(config, disk, left, result, problems);
  if (!result.spool) result.problem = problems.back().text;
  std::sort(result.moved.begin(), result.moved.end());
  say(config.name, problems);
  return result;
}

}  // namespace ringpost::daemon
