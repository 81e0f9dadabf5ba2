// Our choice of a partition against that of Java's own producer, which other producers of the same topic use.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "kafka/murmur2.hpp"
#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kKeys = 10'000;

// The empty key, every single byte, text in several scripts, and bytes that are no text at all, of every
// length up to 64.
std::vector<std::string> keys() {
  std::vector<std::string> keys{"", "key", "äöü", "ключ", "鍵", "🔑", std::string(1, '\0')};
  for (int byte = 0; byte < 256; ++byte) keys.emplace_back(1, static_cast<char>(byte));
  std::mt19937 random(20260101);  // the same keys in every run
  while (keys.size() < kKeys) {
    std::string key(keys.size() % 65, '\0');
    for (char& byte : key) byte = static_cast<char>(random());
    keys.push_back(key);
  }
  return keys;
}

std::string hexadecimal(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

TEST(Partition, IsTheOneThatJavasProducerChooses) {
  const std::vector<std::string> all = keys();
  ASSERT_EQ(all.size(), kKeys);
  const std::vector<std::uint32_t> counts{1, 2, 6, 7, 12, 64, 1000};
  std::string questions;
  for (std::size_t index = 0; index < all.size(); ++index) {
    questions += std::to_string(counts[index % counts.size()]) + " " + hexadecimal(all[index]) + "\n";
  }

  const Outcome java =
      run({"java", "-cp", KafkaCluster::shared().class_path(), source_file("tests/java/PartitionOf.java")},
          {.standard_input = questions, .hold_standard_input = false, .environment = {}});
  ASSERT_EQ(java.status, 0) << java.errors;

  std::istringstream answers(java.output);
  for (std::size_t index = 0; index < all.size(); ++index) {
    std::uint32_t expected = 0;
    ASSERT_TRUE(answers >> expected) << "only " << index << " answers";
    EXPECT_EQ(kafka::positive_murmur2(all[index]) % counts[index % counts.size()], expected)
        << "key " << hexadecimal(all[index]) << " of " << counts[index % counts.size()] << " partitions";
  }
}

}  // namespace
}  // namespace ringpost::tests
