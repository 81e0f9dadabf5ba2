// Durations, sizes and names as people write them in the configuration, and what to tell them when they slip.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ringpost::daemon {

// "30s", "500ms", "5min", "1h", "30d": a whole number and a unit, nothing else, but that 0 needs no unit. nullopt
// when it is none, or longer than kDurationMax.
inline constexpr std::chrono::milliseconds kDurationMax = std::chrono::hours(24 * 3'650);
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string format_duration(std::chrono::milliseconds duration);  // in the largest unit that is exact

// "4MiB", "64KiB", "1GiB", "1TiB", "512B": a whole number and a unit, nothing else, but that 0 needs no unit.
// nullopt when it is none, or over 2^62.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);  // in the largest unit that is exact

// The text in double quotes, control characters and quotes escaped, cut after 80 bytes.
std::string in_quotes(std::string_view text);

// The candidate that the text is most likely a slip of (swapped, missing, added or changed characters, at
// most a third of them), if there is one.
std::optional<std::string_view> nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace ringpost::daemon
