// The test plays systemd: the socket of sd_notify(3), the descriptor store behind it, and the start of a service with
// what is stored.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ipc/descriptor.hpp"
#include "tests/keeper/kit.hpp"

namespace ringpost::tests {

class FakeSystemd {
 public:
  FakeSystemd();

  // For the keeper: NOTIFY_SOCKET, and FDSTORE where there is a store.
  std::map<std::string, std::string> environment(int store_max) const;

  // Handles what has come; waits for the first message up to a moment. Barriers are answered, unless they are held.
  void serve();
  template <typename Condition>
  bool serve_until(Condition condition) {
    return wait_until([&] {
      serve();
      return condition();
    });
  }
  // Asks the actor and serves until it has its answer.
  std::string ask(Actor& actor, const std::string& line);

  void hold_barriers(bool hold);  // false: answers those that were held
  std::size_t barriers_held() const { return barriers_.size(); }

  const std::vector<std::string>& messages() const { return messages_; }
  std::size_t count(const std::string& message) const;
  std::map<std::string, std::string> stored()
      const;  // the texts of the memories, by name, without the keeper's own
  std::size_t stored_in_all() const { return store_.size(); }

  // Starts the keeper with everything that is stored, as systemd does.
  std::unique_ptr<Process> start_keeper(const std::string& socket, int store_max) const;
  // With these descriptors.
  static std::unique_ptr<Process> start_keeper(const std::vector<std::pair<std::string, int>>& passed,
                                               std::map<std::string, std::string> environment,
                                               const std::vector<std::string>& arguments);

 private:
  void handle(const std::string& text, ipc::Descriptor descriptor);

  TemporaryDirectory directory_;
  ipc::Descriptor socket_;
  std::vector<std::string> messages_;
  std::vector<std::pair<std::string, ipc::Descriptor>> store_;  // a name may be there twice, as in systemd's
  std::vector<ipc::Descriptor> barriers_;
  bool holds_barriers_ = false;
};

}  // namespace ringpost::tests
