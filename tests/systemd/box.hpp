// A machine with a systemd of its own, as a child of the test: systemd-box.
#pragma once

#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

class Box {
 public:
  Box();  // boots; throws with what the kit says, so that a machine without namespaces fails the test
  ~Box();
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  // A command inside, which takes its time on a machine that is full.
  Outcome run(const std::vector<std::string>& command) const;
  Outcome shell(const std::string& script) const;  // bash's
  // The same; throws with all that was printed when it fails.
  std::string output_of(const std::vector<std::string>& command) const;
  std::string output_of(const std::string& script) const;

  // A file inside, as the test sees it; until the next boot.
  std::string outside(const std::string& path) const;
  void write(const std::string& path, const std::string& text) const { write_file(outside(path), text); }
  std::string read(const std::string& path) const { return read_file(outside(path)); }

  void reboot();

 private:
  Outcome kit(const std::vector<std::string>& words) const;
  void note_first_process();

  TemporaryDirectory directory_;
  std::string first_process_;
};

}  // namespace ringpost::tests
