// The events of a mood: keyed, with headers, each with its number in it; and how often one is due.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "tests/attack/amount.hpp"
#include "tests/support/publisher.hpp"
#include "tests/support/record.hpp"

namespace ringpost::tests {

inline constexpr std::uint64_t kKeys = 499;

// What two cores carry twice beside three brokers; 20,000 in the long form.
inline std::uint64_t events_a_second() { return std::min(amount(2'000), 20'000U); }
// Whether plain librdkafka publishes beside us: in the long form. Two producers that wait for a broker take both of two cores,
// and the brokers need them to come back.
inline bool compared() { return amount(1) > 1; }
// How long a mood lasts where it could last for any time, and for how long a broker stands still: longer than it takes the others to
// notice. 20 s in the long form.
inline std::chrono::seconds hold() { return std::chrono::seconds(std::min(amount(2), 20U)); }
inline std::chrono::seconds standstill() { return std::chrono::seconds(std::min(amount(6), 20U)); }

// Event number n is the (n / kKeys)-th of its key. `published_us`: by the wall clock, which the brokers stamp by.
Event mood_event(const std::string& topic, std::uint64_t number, std::int64_t published_us);
std::int64_t wall_clock_us();

struct Came {
  std::uint64_t number = 0;
  std::int64_t published_us = 0;
};
// Throws when it is not, byte for byte, what was published.
Came recognise(const Record& record);

// How many events are due by now.
class Pace {
 public:
  std::uint64_t due() const {
    const auto passed = std::chrono::steady_clock::now() - begin_;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(passed).count()) *
           events_a_second() / 1'000'000;
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace ringpost::tests
