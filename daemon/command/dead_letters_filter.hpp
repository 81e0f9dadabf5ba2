// From the words of the command line to a filter, and whether a letter passes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/command/dead_letters.hpp"

namespace ringpost::daemon {

// "2026-11-22T23:28:43.123Z", also with an offset "+01:00", as RFC 3339 has it; "2026-11-22", midnight UTC; or "2h", so
// long before `now_ms`. In ms since 1970. nullopt when it is none of these.
std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now_ms);

// "waiting", "voided", "replayed", "purged" or "all", which is nullopt. False when it is none of these.
bool parse_letter_state(std::string_view text, std::optional<LetterState>& state);

std::vector<std::string_view> letter_reason_names();

// "7721f55e-9d0f-4d02-a213-43aa16ba0b47-17": the ringpost-id header that the event has or would have had.
std::string letter_id(const StoredRecord& record);

// All but the instance, which is the folder that it lies in.
bool passes(const LetterFilter& filter, const StoredLetter& letter, LetterState state);

}  // namespace ringpost::daemon
