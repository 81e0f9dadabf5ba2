#include "daemon/config/memory_bound.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace ringpost::daemon {
namespace {

constexpr std::uint64_t kProcessBytes = 64 * kMiB;
constexpr std::uint64_t kProducerBytes = 128 * kMiB;
constexpr std::uint64_t kBoardAndNamesBytes = 4 * kMiB;
constexpr std::uint64_t kClientBytes = 128 * kKiB;
constexpr std::uint64_t kCopyBytes = 256 * kKiB;  // DrainBudget::copy_bytes_per_lane
constexpr std::uint64_t kAroundEventBytes = kKiB;
constexpr std::uint64_t kBlockOnDiskBytes = 256 * kKiB;  // a run, as kafka/blocks puts it there
constexpr std::uint64_t kBlockBytes = 256;  // its places in spool and queue, while their tables grow
constexpr std::uint64_t kLetterShare = 4;   // a quarter of its bytes: who is dead, at a start, and its mark
constexpr std::uint64_t kTopicInChunkBytes =
    64;  // twice a Tenancy::Stay: while the list of them grows it is there twice

std::uint64_t instance_bytes(const InstanceConfig& instance) {
  const std::uint64_t chunk =
      std::max(kMiB, std::bit_ceil(instance.max_event_size_bytes + kAroundEventBytes));
  const std::uint64_t buffer = std::max(instance.buffer_size_bytes + chunk, 2 * chunk);
  const bool any_name = std::any_of(instance.topics.begin(), instance.topics.end(),
                                    [](const std::string& topic) { return topic.ends_with('*'); });
  // One more: of all topics that are not listed.
  const std::uint64_t topics = instance.topics.size() + 1 + (any_name ? ipc::kTopicsPerInstanceMax : 0);
  const std::uint64_t disk = instance.spool_bytes / kBlockOnDiskBytes * kBlockBytes +
                             instance.dead_letters.size_bytes / kLetterShare;
  // The arena, places of records, what is back from the disk, and twice the windows: they have a quarter at the most.
  return kProducerBytes + kBoardAndNamesBytes + buffer + buffer / 4 + buffer + buffer / 2 + disk +
         (buffer + chunk - 1) / chunk * topics * kTopicInChunkBytes;
}

// Of the lanes of one instance, for each byte of their size: the smaller a lane, the more its copies weigh.
double lane_weight(const InstanceConfig& instance) {
  const std::uint64_t copied = std::min(2 * (kCopyBytes + instance.max_event_size_bytes + kAroundEventBytes),
                                        2 * instance.lane_size_bytes);
  const std::uint64_t bytes = instance.lane_size_bytes + ipc::kPageBytes + copied + copied / 3;
  return static_cast<double>(bytes) / static_cast<double>(instance.lane_size_bytes);
}

}  // namespace

std::uint64_t memory_bound_bytes(const Config& config) {
  std::uint64_t bytes = kProcessBytes + config.daemon.clients_max * kClientBytes;
  std::uint64_t lanes = 0;
  double weight = 1;
  for (const InstanceConfig& instance : config.instances) {
    bytes += instance_bytes(instance);
    lanes +=
        std::uint64_t{config.daemon.clients_max} * instance.lanes_per_client_max * instance.lane_size_bytes;
    weight = std::max(weight, lane_weight(instance));
  }
  lanes = std::min(lanes, config.daemon.lane_memory_max_bytes);
  return bytes + static_cast<std::uint64_t>(weight * static_cast<double>(lanes));
}

}  // namespace ringpost::daemon
