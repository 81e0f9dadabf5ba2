// Kills publishers after every number of instructions of a publish: each of a victim's threads stands at another one when
// the victim is killed.
//
//   killed_in_publish PUBLISHER SOCKET FOLDER THREADS STRIDE
//
// PUBLISHER is doomed_publisher. The victims' accounts are FOLDER/0, FOLDER/1 and so on. Prints how many victims there
// were, and how many instructions the longest publish had.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/survival/tracer.hpp"

namespace ringpost::tests {
namespace {

constexpr unsigned kSecondsForAVictim = 60;

struct Death {
  std::uint32_t instructions_max = 0;  // that a thread had done
  bool all_had_returned = true;
};

// The threads are killed after `first`, `first` + `stride`, ... instructions.
Death kill_one(const std::vector<std::string>& command, std::uint32_t threads, std::uint32_t first,
               std::uint32_t stride) {
  Tracer victim(command);
  ::alarm(kSecondsForAVictim);
  std::vector<pid_t> standing;
  while (standing.size() < threads) {
    const auto thread = victim.run_to_trap();
    if (!thread) throw std::runtime_error("the publisher has ended, or did not come to its last call");
    standing.push_back(*thread);
  }
  Death death;
  for (std::uint32_t number = 0; number < threads; ++number) {
    const std::uint32_t steps = first + number * stride;
    std::uint32_t done = 0;
    while (done < steps && victim.step(standing[number])) ++done;
    death.instructions_max = std::max(death.instructions_max, done);
    death.all_had_returned = death.all_had_returned && done < steps;
  }
  victim.kill();
  return death;
}

int run(const std::vector<std::string>& words) {
  const auto threads = static_cast<std::uint32_t>(std::stoul(words[4]));
  const auto stride = static_cast<std::uint32_t>(std::stoul(words[5]));
  Tracer::interrupt_by_alarm();
  std::uint32_t instructions_max = 0;
  std::uint32_t victims = 0;
  for (bool over = false; !over; ++victims) {
    const std::string name = std::to_string(victims);
    const Death death = kill_one({words[1], words[2], words[3] + "/" + name, name, words[4]}, threads,
                                 victims * threads * stride, stride);
    instructions_max = std::max(instructions_max, death.instructions_max);
    over = death.all_had_returned;
  }
  std::printf("%u %u\n", victims, instructions_max);
  return 0;
}

}  // namespace
}  // namespace ringpost::tests

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + argument_count);
  if (words.size() != 6) return 2;
  try {
    return ringpost::tests::run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
