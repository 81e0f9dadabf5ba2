// What ring_publisher and the drainer of doorbell_test say to each other, beside the lanes and the doorbell.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringpost::tests {

struct Turns {
  std::atomic<std::uint32_t> connected;  // by the publisher
  std::atomic<std::uint32_t> go;         // by the test
  std::atomic<std::uint32_t> taken;      // by the drainer: events that it has taken out of the lanes
};

}  // namespace ringpost::tests
