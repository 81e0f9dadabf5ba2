// Runs a program until it comes to a function for the HITS-th time, lets that thread do STEPS instructions more (the other
// threads run on), and kills it there.
//
//   killed_at FUNCTION HITS STEPS SECONDS COMMAND...
//
// FUNCTION: the beginning of its name, as for c++filt: "ringpost::daemon::Arena::append(". Ends with 0: the program was
// killed there; 3: it had not come there within SECONDS, and was killed somewhere else; 4: it has ended by itself;
// 5: there is no such function.
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tests/survival/tracer.hpp"

namespace ringpost::tests {
namespace {

constexpr int kThere = 0;
constexpr int kElsewhere = 3;
constexpr int kEndedByItself = 4;
constexpr int kNoSuchFunction = 5;

int run(const std::vector<std::string>& words) {
  const std::vector<std::string> command(words.begin() + 5, words.end());
  const auto offset = function_in(command[0], words[1]);
  if (!offset) return kNoSuchFunction;
  Tracer::interrupt_by_alarm();
  Tracer tracer(command);
  ::alarm(static_cast<unsigned>(std::stoul(words[4])));
  const auto thread = tracer.run_to(*offset, static_cast<std::uint32_t>(std::stoul(words[2])));
  std::uint64_t steps = 0;
  while (thread && steps < std::stoul(words[3]) && tracer.step(*thread)) ++steps;
  if (tracer.status()) return kEndedByItself;
  tracer.kill();
  return thread ? kThere : kElsewhere;
}

}  // namespace
}  // namespace ringpost::tests

int main(int argument_count, char** arguments) {
  const std::vector<std::string> words(arguments, arguments + argument_count);
  if (words.size() < 6) return 2;
  try {
    return ringpost::tests::run(words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
