// Names and keys are short: to copy or compare them takes a few overlapping words instead of a call into libc, of which
// a publish would make five.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringpost::client {

// Returns the end of the copy.
inline std::byte* put_short(std::byte* to, const char* bytes, std::size_t size) {
  if (size > 32) {
    std::memcpy(to, bytes, size);
  } else if (size >= 16) {
    std::memcpy(to, bytes, 16);
    std::memcpy(to + size - 16, bytes + size - 16, 16);
  } else if (size >= 8) {
    std::memcpy(to, bytes, 8);
    std::memcpy(to + size - 8, bytes + size - 8, 8);
  } else if (size >= 4) {
    std::memcpy(to, bytes, 4);
    std::memcpy(to + size - 4, bytes + size - 4, 4);
  } else if (size != 0) {  // no loop: how often it runs is what a processor guesses wrong
    const char middle = bytes[size / 2];
    const char last = bytes[size - 1];
    to[0] = static_cast<std::byte>(bytes[0]);
    to[size / 2] = static_cast<std::byte>(middle);
    to[size - 1] = static_cast<std::byte>(last);
  }
  return to + size;
}

// What most names are: then this is all there is to see, without a call into simdjson.
inline bool is_short_ascii(std::string_view text) {
  const std::size_t size = text.size();
  if (size > 32) return false;
  const auto both_ends = [&]<typename Word>(Word, std::size_t from) {
    Word first;
    Word last;
    std::memcpy(&first, text.data() + from, sizeof first);
    std::memcpy(&last, text.data() + size - from - sizeof last, sizeof last);
    return first | last;
  };
  if (size >= 16) {
    return ((both_ends(std::uint64_t{}, 0) | both_ends(std::uint64_t{}, 8)) & 0x8080808080808080) == 0;
  }
  if (size >= 8) return (both_ends(std::uint64_t{}, 0) & 0x8080808080808080) == 0;
  if (size >= 4) return (both_ends(std::uint32_t{}, 0) & 0x80808080) == 0;
  return size == 0 || ((text[0] | text[size / 2] | text[size - 1]) & 0x80) == 0;
}

inline bool same_short(std::string_view one, std::string_view other) {
  const auto differ = [&]<typename Word>(std::size_t at, Word) {
    Word a;
    Word b;
    std::memcpy(&a, one.data() + at, sizeof a);
    std::memcpy(&b, other.data() + at, sizeof b);
    return a ^ b;
  };
  const std::size_t size = one.size();
  if (size != other.size()) return false;
  if (size > 16) return std::memcmp(one.data(), other.data(), size) == 0;
  if (size >= 8) return (differ(0, std::uint64_t{}) | differ(size - 8, std::uint64_t{})) == 0;
  if (size >= 4) return (differ(0, std::uint32_t{}) | differ(size - 4, std::uint32_t{})) == 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (one[at] != other[at]) return false;
  }
  return true;
}

}  // namespace ringpost::client
