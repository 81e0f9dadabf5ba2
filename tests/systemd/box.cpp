#include "tests/systemd/box.hpp"

#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace ringpost::tests {
namespace {

constexpr std::chrono::seconds kPatience{240};

std::string checked(const Outcome& outcome, const std::string& what) {
  if (outcome.status == 0) return outcome.output;
  throw std::runtime_error(what + " ended with " + std::to_string(outcome.status) + ":\n" + outcome.output +
                           outcome.errors);
}

}  // namespace

Box::Box() {
  checked(kit({"up", std::to_string(::getpid())}), "systemd-box up");
  note_first_process();
}

Box::~Box() { kit({"down"}); }

Outcome Box::kit(const std::vector<std::string>& words) const {
  std::vector<std::string> command{source_file("tests/systemd/systemd-box"), directory_.path().string()};
  command.insert(command.end(), words.begin(), words.end());
  return tests::run(command, {}, kPatience);
}

void Box::note_first_process() { first_process_ = checked(kit({"pid"}), "systemd-box pid"); }

Outcome Box::run(const std::vector<std::string>& command) const {
  std::vector<std::string> words{"exec"};
  words.insert(words.end(), command.begin(), command.end());
  return kit(words);
}

Outcome Box::shell(const std::string& script) const { return run({"bash", "-c", script}); }

std::string Box::output_of(const std::vector<std::string>& command) const {
  return checked(run(command), command.front());
}

std::string Box::output_of(const std::string& script) const { return checked(shell(script), script); }

std::string Box::outside(const std::string& path) const { return "/proc/" + first_process_ + "/root" + path; }

void Box::reboot() {
  checked(kit({"reboot"}), "systemd-box reboot");
  note_first_process();
}

}  // namespace ringpost::tests
