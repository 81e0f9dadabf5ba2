// Who takes part in bench_publish, and how each sends one message.
#pragma once

#include <string>
#include <vector>

#include "bench/crew.hpp"
#include "bench/receivers.hpp"

namespace ringpost::bench {

struct Contender {
  const char* name;
  bool in_every_cell;  // otherwise only where there is one sender
};

// In the order of the Sends that make_sends() gives.
const std::vector<Contender>& contenders();

// Where our own events go: a handle opens `socket`.
struct Target {
  std::string socket;
  std::string instance;
  std::string topic;
};

// In a sender's process, once. What the Sends use lives as long as the process.
std::vector<Send> make_sends(const Target& target, const DatagramReceiver& datagrams,
                             const QueueReceiver& queue);

}  // namespace ringpost::bench
