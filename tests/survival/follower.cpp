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
  using Clock = std::chrono::steady_clock;
  try {
    Clock::time_point latest;
    while (!over_) {
      const auto message = tail_.next_soon();
      if (!message) continue;
      if (tail_.id().empty()) return note("an event without ringpost-id: " + *message);
      if (!ids_.insert(tail_.id()).second) {
        ++duplicates_;
        continue;
      }
      if (std::string problem = look_(*message); !problem.empty()) return note(std::move(problem));
      const auto now = Clock::now();
      const auto pause =
          std::chrono::duration_cast<std::chrono::milliseconds>(now - std::exchange(latest, now));
      if (++arrived_ > 1 && pause > longest_pause()) longest_pause_ms_ = pause.count();
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
