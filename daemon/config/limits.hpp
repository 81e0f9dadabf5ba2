// Every default and every bound of the configuration, in one place. ringpost.toml(5) states the same figures,
// and tests/config compares the two.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "ipc/limits.hpp"

namespace ringpost::daemon {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;
inline constexpr std::uint64_t kTiB = 1024 * kGiB;

inline constexpr const char* kSocketDefault = "/run/ringpost/ringpost.sock";
inline constexpr std::size_t kSocketPathMaxBytes = 107;  // sockaddr_un holds 108 with the final NUL

// Room in PATH_MAX (4,096) for an instance's name and a file's below it.
inline constexpr const char* kStateDirDefault = "/var/lib/ringpost";
inline constexpr std::size_t kStateDirMaxBytes = 3'840;

inline constexpr std::chrono::milliseconds kSyncIntervalDefault{1'000};
inline constexpr std::chrono::milliseconds kSyncIntervalMin{10};
inline constexpr std::chrono::milliseconds kSyncIntervalMax{60'000};

// A configuration is written by hand: what is larger than this is another file.
inline constexpr std::uint64_t kFileMaxBytes = 4 * kMiB;

inline constexpr std::chrono::milliseconds kStopTimeoutDefault{10'000};
inline constexpr std::chrono::milliseconds kStopTimeoutMax{600'000};

// How long calls go on into their lanes while there is no daemon.
inline constexpr std::chrono::milliseconds kDaemonGraceDefault{60'000};
inline constexpr std::chrono::milliseconds kDaemonGraceMin{1'000};
inline constexpr std::chrono::milliseconds kDaemonGraceMax = std::chrono::hours(24);

inline constexpr std::uint32_t kClientsDefault = 256;
inline constexpr std::uint32_t kClientsMax = 10'000;
inline constexpr std::uint32_t kClientsPerUserDefault = 128;

// Of all lanes together: four of the default size for each instance of each client, where there is one instance.
inline constexpr std::uint64_t kLaneMemoryDefaultBytes = 8 * kGiB;
inline constexpr std::uint64_t kLaneMemoryPerUserDefaultBytes = 4 * kGiB;
inline constexpr std::uint64_t kLaneMemoryMinBytes = kMiB;
inline constexpr std::uint64_t kLaneMemoryMaxBytes = kTiB;

inline constexpr std::size_t kInstancesMax = ipc::kInstancesMax;
inline constexpr std::size_t kInstanceNameMaxBytes = ipc::kInstanceNameMaxBytes;
inline constexpr std::size_t kBrokersMax = 100;
inline constexpr std::size_t kTopicsMax = ipc::kTopicsPerInstanceMax;
inline constexpr std::size_t kTopicNameMaxBytes = ipc::kTopicNameMaxBytes;

// Names that only a pattern allows and the cluster has not confirmed.
inline constexpr std::uint32_t kUnknownTopicsPerClientDefault = 64;
inline constexpr std::uint32_t kUnknownTopicsPerUserDefault = 512;
inline constexpr std::uint32_t kUnknownTopicsMax = ipc::kTopicsPerInstanceMax;

inline constexpr std::int32_t kEmbeddedPartitionsDefault = 4;
inline constexpr std::int32_t kEmbeddedPartitionsMax = 128;

inline constexpr std::chrono::milliseconds kSendTimeoutMin{100};  // 0, "never", is allowed besides
inline constexpr std::chrono::milliseconds kSendTimeoutMax = std::chrono::hours(7 * 24);
inline constexpr std::chrono::milliseconds kLingerDefault{5};
inline constexpr std::chrono::milliseconds kLingerMax{1'000};
inline constexpr std::chrono::milliseconds kRejectAfterDefault{5'000};
inline constexpr std::chrono::milliseconds kRejectAfterMax = std::chrono::hours(1);

inline constexpr std::uint64_t kBufferSizeDefaultBytes = 256 * kMiB;
inline constexpr std::uint64_t kBufferSizeMinBytes = kMiB;
inline constexpr std::uint64_t kBufferSizeMaxBytes = 64 * kGiB;
inline constexpr std::uint64_t kBufferLanesMin = 4;  // the buffer holds at least this many lanes

inline constexpr std::uint64_t kLaneSizeDefaultBytes = 4 * kMiB;
inline constexpr std::uint64_t kLaneSizeMinBytes = ipc::kLaneMinBytes;
inline constexpr std::uint64_t kLaneSizeMaxBytes = ipc::kLaneMaxBytes;
inline constexpr std::uint32_t kLanesPerClientDefault = 16;
inline constexpr std::uint32_t kLanesPerClientMax = ipc::kLanesPerChannelMax;

inline constexpr std::uint64_t kEventSizeDefaultBytes = kMiB;  // or half a lane, where that is less
inline constexpr std::uint64_t kEventSizeMinBytes = kKiB;
inline constexpr std::uint64_t kEventSizeMaxBytes = ipc::kEventMaxBytes;
inline constexpr std::uint64_t kEventsPerLaneMin =
    2;  // so one more fits while the largest one is being drained

inline constexpr std::uint64_t kSpoolDefaultBytes = kGiB;
inline constexpr std::uint64_t kSpoolMinBytes = 16 * kMiB;  // 0, "none", is allowed besides
inline constexpr std::uint64_t kSpoolMaxBytes = kTiB;
inline constexpr std::uint64_t kSpoolEventsMin =
    2;  // of the largest size; with fewer it would refuse what it is for

inline constexpr std::uint64_t kDeadLettersSizeDefaultBytes = 256 * kMiB;
inline constexpr std::uint64_t kDeadLettersSizeMinBytes = kMiB;
inline constexpr std::uint64_t kDeadLettersSizeMaxBytes = kTiB;
inline constexpr std::chrono::milliseconds kDeadLettersAgeDefault = std::chrono::hours(30 * 24);
inline constexpr std::chrono::milliseconds kDeadLettersAgeMin =
    std::chrono::minutes(1);  // 0, "no limit", besides
inline constexpr std::chrono::milliseconds kDeadLettersAgeMax = std::chrono::hours(3'650 * 24);

}  // namespace ringpost::daemon
