// What goes to disk, and when: letters, runs that are stuck, what has no room; and what is done with there.
#include <string_view>
#include <vector>

#include "daemon/instance/loop.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

// What one turn puts on disk: some milliseconds, in which lanes fill.
constexpr std::uint64_t kSpilledAtOnceBytes = 4u << 20;
constexpr std::size_t kUnlistedBlocksAtOnce = 4;

// How often old letters are looked for.
constexpr std::int64_t kTidyNs = 10'000 * kNsPerMs;

}  // namespace

// After the round and the reports: what waits for a letter gets it, what is stuck makes room, what is done with goes.
void Instance::Loop::step_disk() {
  if (!disk_.letters && !disk_.spool) return;
  const std::int64_t now_ns = ipc::monotonic_ns();
  end_unlisted_blocks(now_ns);
  burial_.step(now_ns);
  overflow_.step(now_ns);
  replays_.step(now_ns);
  make_room(now_ns);
  if (disk_.spool) {
    disk_.spool->step([this](std::uint32_t segment, const TopicsOnDisk& topics) {
      std::vector<SegmentBook> books;
      for (const auto& [topic, counts] : topics)
        books.push_back({topic, counts.delivered, counts.dead, counts.foreign});
      arena_.free_segment(segment, books);
    });
  }
  // After the spool's marks: a letter is not removed before the end of its replay is on disk.
  if (disk_.letters && now_ns >= next_tidy_ns_) {
    next_tidy_ns_ = now_ns + kTidyNs;
    disk_.letters->tidy(ipc::realtime_ns() / kNsPerMs);
  }
}

// What is stuck goes to disk before its topic comes to its share of the arena: half of the chunks stay free for what flows.
void Instance::Loop::make_room(std::int64_t now_ns) {
  if (!disk_.spool || (stop_ && stop_->leave_lanes)) return;
  const auto is_short = [this] {
    const std::size_t free_soon = arena_.free_chunks() + overflow_.pending_bytes() / arena_.chunk_bytes();
    return overflow_.spools() && free_soon < arena_.chunk_count() / 2;
  };
  const std::vector<std::string_view> at_share = names_at_share();
  std::uint64_t spilled_bytes = spill_at_share(at_share, now_ns);
  if (!(short_of_room_ = is_short()) && at_share.empty()) overflow_.not_needed();
  while ((short_of_room_ = is_short()) && spilled_bytes < kSpilledAtOnceBytes &&
         overflow_.may_spill(now_ns)) {
    const std::uint64_t bytes = outbox_.spill();
    if (bytes == 0) return;
    spilled_bytes += bytes;
  }
}

std::vector<std::string_view> Instance::Loop::names_at_share() const {
  if (!several_topics_ || !overflow_.spools()) return {};
  return topics_.at_share(Shares(arena_, intake_.waiting_bytes(), true));
}

// A topic that has used up its share of the arena gets room on disk, stuck or not.
std::uint64_t Instance::Loop::spill_at_share(std::span<const std::string_view> topics, std::int64_t now_ns) {
  std::uint64_t spilled_bytes = 0;
  for (const std::string_view topic : topics) {
    for (std::uint64_t bytes = 1; bytes != 0 && spilled_bytes < kSpilledAtOnceBytes;) {
      bytes = overflow_.may_spill(now_ns) ? outbox_.spill(topic) : 0;
      spilled_bytes += bytes;
    }
  }
  return spilled_bytes;
}

// Each of their records gets a letter; a few blocks at a time, and no more while letters wait to be written.
void Instance::Loop::end_unlisted_blocks(std::int64_t now_ns) {
  std::vector<kafka::RecordOwner::Returned> records;
  for (std::size_t count = 0; count < kUnlistedBlocksAtOnce && !unlisted_blocks_.empty(); ++count) {
    if (burial_.trouble().pauses(now_ns) || burial_.unwritten() != 0) return;
    // Not the end of it: what the blocks before this one had is in memory now, and nowhere else to be found.
    if (overflow_.bring_back(unlisted_blocks_.back(), records) == kafka::RecordOwner::BringBack::kLater)
      break;
    unlisted_blocks_.pop_back();
  }
  for (const auto& record : records) burial_.bury(record.ticket, taken_away(config_));
}

bool Instance::Loop::rests_on_disk() const {
  return burial_.idle() && overflow_.idle() && replays_.idle() && unlisted_blocks_.empty();
}

}  // namespace ringpost::daemon
