// What a consumer finds in a topic after a mood, and how long the mood was felt.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringpost::tests {

struct Arrival {
  std::int64_t partition = -1;  // -1: it did not come
  std::int64_t offset = 0;
  std::int64_t appended_ms = 0;  // by its broker's clock, the machine's
  std::int64_t published_us = 0;
};

struct Reading {
  std::vector<Arrival> first;  // by number, the first copy of each
  std::uint64_t came = 0;      // how many of them
  std::uint64_t copies = 0;    // later ones, with the same ringpost-id
  std::string problem;         // something that nobody published, or two ids for one event
};

// Everything in the topic now. `published`: how many were. The topic stamps by LogAppendTime.
Reading read_all(const std::string& brokers, const std::string& topic, std::uint64_t published);

// Events that arrived before an earlier one of their key: in one partition by offset, else by the time of their append.
std::uint64_t inversions(const Reading& reading);

// Events that are missing though an earlier one of their key is there, or though no later one is. All are, but what has gone
// with the oldest records of a topic: these can be missing from a key's beginning only.
std::uint64_t holes(const Reading& reading);

// How long the mood was felt, by what was published since it began.
struct Felt {
  std::int64_t late_ms = 0;     // while some event had waited for its append for more than kLateMs
  std::int64_t longest_ms = 0;  // that one waited
};
inline constexpr std::int64_t kLateMs = 250;
Felt felt(const Reading& reading, std::int64_t since_us);

}  // namespace ringpost::tests
