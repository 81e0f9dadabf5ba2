#include "tests/survival/follower.hpp"

#include <exception>
#include <utility>

namespace ringpost::tests {

Follower::Follower(const std::string& socket, const std::string& topic, const std::string& instance,
                   Look look)
    : tail_(socket, topic, instance), look_(std::move(look)), thread_([this] { follow(); }) {}

Follower::~Follower() {
  over_ = true;
  thread_.join();
}

void Follower::follow() {
  try {
    while (!over_) {
      const auto message = tail_.next_soon();
      if (!message) continue;
      if (tail_.id().empty()) return note("an event without ringpost-id: " + *message);
      if (!ids_.insert(tail_.id()).second) {
        ++duplicates_;
        continue;
      }
      if (std::string problem = look_(*message); !problem.empty()) return note(std::move(problem));
      ++arrived_;
    }
  } catch (const std::exception& error) {
    note(error.what());
  }
}

void Follower::note(std::string problem) {
  const std::lock_guard lock(mutex_);
  problem_ = std::move(problem);
}

std::string Follower::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

}  // namespace ringpost::tests
