// What a broker has written of a partition: the batches' headers, without the records.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace ringpost::tests {

enum class Codec : std::uint8_t { kNone, kGzip, kSnappy, kLz4, kZstd };

struct Batch {
  std::uint32_t records = 0;
  std::uint32_t bytes = 0;  // as it was sent: compressed
  Codec codec = Codec::kNone;
  bool log_append_time = false;
  bool transactional = false;
  std::int64_t newest_ms = 0;  // Unix epoch, UTC
};

// Of a segment file, in the format that Kafka calls version 2 (KIP-98); throws when the file holds something else.
std::vector<Batch> read_batches(const std::filesystem::path& segment);

}  // namespace ringpost::tests
