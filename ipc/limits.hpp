// Every bound of the shared memory and the control protocol, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringpost::ipc {

inline constexpr std::size_t kCacheLineBytes = 64;
inline constexpr std::size_t kPageBytes = 4096;

inline constexpr std::size_t kInstanceNameMaxBytes = 64;  // semantics: ^[a-z0-9]{1,64}$
inline constexpr std::size_t kTopicNameMaxBytes = 249;    // Kafka's own bound
inline constexpr std::size_t kClientNameMaxBytes = 64;
inline constexpr std::size_t kHeaderCountMax = 1024;
inline constexpr std::size_t kHeaderNameMaxBytes = 4096;
inline constexpr std::size_t kEventMaxBytes =
    64u << 20;  // key + headers + message, whatever a configuration says

inline constexpr std::size_t kLaneMinBytes = 64u << 10;
inline constexpr std::size_t kLaneMaxBytes = 256u << 20;
inline constexpr std::uint32_t kLanesPerChannelMax = 64;
inline constexpr std::uint32_t kInstancesMax = 64;
inline constexpr std::uint32_t kBoardSlotsMax = 1024;  // lanes of one client, over all instances
inline constexpr std::uint32_t kTopicsPerInstanceMax = 4096;

inline constexpr std::size_t kJsonDepthMax = 1024;

}  // namespace ringpost::ipc
