// The time that a record goes with, where its topic does not take old ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ringpost::kafka {

// Where the time is not the one of the publish: that one, milliseconds since 1970 (UTC) as decimal text.
inline constexpr std::string_view kPublishedHeader = "ringpost-published";

// A record older than this goes with a time that is this old. Up to five minutes within what the topic takes: it may wait
// inside librdkafka, and the broker's clock is another.
inline std::int64_t age_to_send_ms(std::int64_t age_max_ms) {
  constexpr std::int64_t kMarginMs = 300'000;
  return age_max_ms - std::min(age_max_ms / 2, kMarginMs);
}

inline std::int64_t time_to_send_ms(std::int64_t create_time_ms, std::int64_t age_max_ms,
                                    std::int64_t now_ms) {
  return std::max(create_time_ms, now_ms - age_to_send_ms(age_max_ms));
}

}  // namespace ringpost::kafka
