// CRC-32C (Castagnoli), as iSCSI, ext4 and Kafka have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace ringpost::daemon {

// With the processor's instruction where it has one. `before`: the checksum of what comes before these bytes.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t before = 0);

// The two ways, for the tests.
std::uint32_t crc32c_by_table(std::span<const std::byte> bytes, std::uint32_t before = 0);
bool has_crc32c_instruction();
std::uint32_t crc32c_by_instruction(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace ringpost::daemon
