#include "daemon/store/crc32c.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <string_view>
#include <vector>

namespace ringpost::tests {
namespace {

using daemon::crc32c_by_instruction;
using daemon::crc32c_by_table;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// RFC 3720, B.4, and the check value of the catalogue.
TEST(Crc32c, KnownVectors) {
  std::array<std::uint8_t, 32> zeros{};
  std::array<std::uint8_t, 32> ones{};
  ones.fill(0xFF);
  std::array<std::uint8_t, 32> rising{};
  std::iota(rising.begin(), rising.end(), std::uint8_t{0});
  std::array<std::uint8_t, 32> falling = rising;
  std::reverse(falling.begin(), falling.end());
  for (const auto sum : {daemon::crc32c, crc32c_by_table, crc32c_by_instruction}) {
    EXPECT_EQ(sum(bytes_of("123456789"), 0), 0xE3069283U);
    EXPECT_EQ(sum(std::as_bytes(std::span(zeros)), 0), 0x8A9136AAU);
    EXPECT_EQ(sum(std::as_bytes(std::span(ones)), 0), 0x62A8AB43U);
    EXPECT_EQ(sum(std::as_bytes(std::span(rising)), 0), 0x46DD794EU);
    EXPECT_EQ(sum(std::as_bytes(std::span(falling)), 0), 0x113FDB5CU);
    EXPECT_EQ(sum({}, 0), 0U);
  }
}

TEST(Crc32c, BothWaysAgreeAtEachLengthAndAlignmentAndInPieces) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(300);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t length = 0; begin + length <= 100; ++length) {
      const auto part = std::span(bytes).subspan(begin, length);
      const std::uint32_t sum = crc32c_by_table(part);
      ASSERT_EQ(crc32c_by_instruction(part), sum);
      const std::size_t cut = length / 3;
      ASSERT_EQ(crc32c_by_instruction(part.subspan(cut), crc32c_by_table(part.first(cut))), sum);
      ASSERT_EQ(crc32c_by_table(part.subspan(cut), crc32c_by_instruction(part.first(cut))), sum);
    }
  }
}

}  // namespace
}  // namespace ringpost::tests
