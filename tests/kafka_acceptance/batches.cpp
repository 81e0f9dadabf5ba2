#include "tests/kafka_acceptance/batches.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {
namespace {

// offset i64 │ length i32 │ leader epoch i32 │ version i8 │ crc u32 │ attributes i16 │ last offset delta i32 │
// first time i64 │ newest time i64 │ producer id i64, epoch i16 │ first sequence i32 │ record count i32
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kCountedFrom = 12;  // the length is of what follows it
constexpr std::size_t kVersionAt = 16;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kNewestAt = 35;
constexpr std::size_t kRecordsAt = 57;
constexpr std::size_t kHeaderBytes = 61;

constexpr std::uint64_t kCodecBits = 7;
constexpr std::uint64_t kLogAppendTimeBit = 8;
constexpr std::uint64_t kTransactionalBit = 16;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

std::vector<Batch> read_batches(const std::filesystem::path& segment) {
  const std::string file = read_file(segment);
  std::vector<Batch> batches;
  for (std::string_view rest = file; !rest.empty();) {
    if (rest.size() < kHeaderBytes || rest[kVersionAt] != 2) {
      throw std::runtime_error(segment.string() + ": no batch at " +
                               std::to_string(file.size() - rest.size()));
    }
    const std::uint64_t attributes = big_endian(rest.substr(kAttributesAt, 2));
    Batch batch;
    batch.bytes = static_cast<std::uint32_t>(kCountedFrom + big_endian(rest.substr(kLengthAt, 4)));
    batch.records = static_cast<std::uint32_t>(big_endian(rest.substr(kRecordsAt, 4)));
    batch.codec = static_cast<Codec>(attributes & kCodecBits);
    batch.log_append_time = (attributes & kLogAppendTimeBit) != 0;
    batch.transactional = (attributes & kTransactionalBit) != 0;
    batch.newest_ms = static_cast<std::int64_t>(big_endian(rest.substr(kNewestAt, 8)));
    batches.push_back(batch);
    if (batch.bytes > rest.size()) throw std::runtime_error(segment.string() + " ends within a batch");
    rest.remove_prefix(batch.bytes);
  }
  return batches;
}

}  // namespace ringpost::tests
