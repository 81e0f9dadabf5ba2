#include "kafka/murmur2.hpp"

#include <cstddef>

namespace ringpost::kafka {
namespace {

constexpr std::uint32_t kSeed = 0x9747b28cU;
constexpr std::uint32_t kMultiplier = 0x5bd1e995U;
constexpr unsigned kShift = 24;

std::uint32_t byte_at(std::string_view key, std::size_t index) {
  return static_cast<unsigned char>(key[index]);
}

std::uint32_t word_at(std::string_view key, std::size_t index) {
  return byte_at(key, index) | byte_at(key, index + 1) << 8U | byte_at(key, index + 2) << 16U |
         byte_at(key, index + 3) << 24U;
}

}  // namespace

std::uint32_t murmur2(std::string_view key) {
  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(key.size());
  const std::size_t whole = key.size() & ~std::size_t{3};
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t word = word_at(key, i) * kMultiplier;
    word ^= word >> kShift;
    hash = (hash * kMultiplier) ^ (word * kMultiplier);
  }
  if (whole < key.size()) {  // one to three bytes are left
    for (std::size_t i = whole; i < key.size(); ++i) {
      hash ^= byte_at(key, i) << (8U * (i - whole));
    }
    hash *= kMultiplier;
  }
  hash ^= hash >> 13U;
  hash *= kMultiplier;
  return hash ^ (hash >> 15U);
}

}  // namespace ringpost::kafka
