#include "tests/kafka_moods/verdict.hpp"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "tests/kafka_moods/events.hpp"
#include "tests/support/kcat.hpp"

namespace ringpost::tests {
namespace {

bool before(const Arrival& one, const Arrival& other) {
  return one.partition == other.partition ? one.offset < other.offset : one.appended_ms < other.appended_ms;
}

}  // namespace

Reading read_all(const std::string& brokers, const std::string& topic, std::uint64_t published) {
  Reading reading;
  reading.first.resize(published);
  std::vector<std::string> ids(published);
  try {
    for (const Record& record : read_with_kcat(brokers, topic)) {
      const Came came = recognise(record);
      const std::string id = record.header("ringpost-id").value_or("");
      Arrival& first = reading.first.at(came.number);
      const Arrival now{record.partition, record.offset, record.timestamp_ms, came.published_us};
      std::string& known = ids.at(came.number);
      if (id.empty() || (!known.empty() && known != id))
        throw std::runtime_error("two ids for one event: " + known + " and " + id);
      if (first.partition < 0) {
        ++reading.came;
        first = now;
        known = id;
      } else {
        ++reading.copies;
        if (before(now, first)) first = now;
      }
    }
  } catch (const std::exception& error) {
    reading.problem = error.what();
  }
  std::sort(ids.begin(), ids.end());
  const auto named = std::find_if(ids.begin(), ids.end(), [](const std::string& id) { return !id.empty(); });
  if (std::adjacent_find(named, ids.end()) != ids.end()) reading.problem = "one id for two events";
  return reading;
}

// A partition's append times may go back where its leader changes, by the clocks of two brokers; there offsets count. Between two
// partitions a record that was handed over after the acknowledgement of another was appended later, or in the same
// millisecond.
std::uint64_t inversions(const Reading& reading) {
  std::uint64_t count = 0;
  for (std::uint64_t number = kKeys; number < reading.first.size(); ++number) {
    const Arrival& earlier = reading.first[number - kKeys];
    const Arrival& later = reading.first[number];
    if (earlier.partition >= 0 && later.partition >= 0 && before(later, earlier)) ++count;
  }
  return count;
}

std::uint64_t holes(const Reading& reading) {
  std::uint64_t count = 0;
  std::vector<bool> seen(kKeys, false);
  const std::uint64_t all = reading.first.size();
  for (std::uint64_t number = 0; number < all; ++number) {
    const bool is_last = number + kKeys >= all;
    if (reading.first[number].partition >= 0) {
      seen[number % kKeys] = true;
    } else if (seen[number % kKeys] || is_last) {
      ++count;
    }
  }
  return count;
}

Felt felt(const Reading& reading, std::int64_t since_us) {
  Felt felt;
  std::vector<std::pair<std::int64_t, std::int64_t>> waits;  // from, to
  for (const Arrival& arrival : reading.first) {
    if (arrival.partition < 0 || arrival.published_us < since_us) continue;
    const std::int64_t published_ms = arrival.published_us / 1000;
    const std::int64_t wait_ms = arrival.appended_ms - published_ms;
    felt.longest_ms = std::max(felt.longest_ms, wait_ms);
    if (wait_ms > kLateMs) waits.emplace_back(published_ms, arrival.appended_ms);
  }
  std::sort(waits.begin(), waits.end());
  std::int64_t until_ms = 0;
  for (const auto& [from_ms, to_ms] : waits) {
    felt.late_ms += std::max<std::int64_t>(0, to_ms - std::max(from_ms, until_ms));
    until_ms = std::max(until_ms, to_ms);
  }
  return felt;
}

}  // namespace ringpost::tests
