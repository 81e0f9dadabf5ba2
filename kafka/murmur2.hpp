// The hash by which Java's producer chooses a keyed record's partition: ours has to agree for every key, or
// records of one key from the two kinds of producers would land in two partitions.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringpost::kafka {

// org.apache.kafka.common.utils.Utils.murmur2: 32 bits, seed 0x9747b28c, little-endian words on every
// machine.
std::uint32_t murmur2(std::string_view key);

// Utils.toPositive(murmur2(key)): what is taken modulo the partition count.
inline std::uint32_t positive_murmur2(std::string_view key) { return murmur2(key) & 0x7fffffffU; }

}  // namespace ringpost::kafka
