#include "tests/survival/traffic.hpp"

#include <signal.h>

#include <array>
#include <limits>
#include <stdexcept>

namespace ringpost::tests {

Traffic::Traffic(const std::string& socket, const std::string& way)
    : follower_(socket, "orders", "kafkaid", [this](const std::string& message) { return look(message); }) {
  constexpr std::array<std::uint32_t, 4> kFirstSeats{0, 3, 6, kSeats};
  for (std::size_t process = 0; process + 1 < kFirstSeats.size(); ++process) {
    publishers_.push_back(std::make_unique<Process>(std::vector<std::string>{
        program("token_publishers"), socket, directory_.file("table"), std::to_string(kFirstSeats[process]),
        std::to_string(kFirstSeats[process + 1] - kFirstSeats[process]),
        std::to_string(std::numeric_limits<std::int32_t>::max()), std::to_string(kAhead), "10", way}));
  }
  const bool seated = wait_until([&] {
    check();
    return table_->seated == kSeats;
  });
  if (!seated) throw std::runtime_error("the publishers did not come");
  hand_over(*table_, 0);
}

std::string Traffic::look(const std::string& message) {
  const std::lock_guard lock(mutex_);
  const std::uint32_t expected = next_.load(std::memory_order_relaxed);
  if (number_in(message) != expected)
    return "number " + std::to_string(expected) + " was to come, and it was " + message;
  next_ = expected + 1;
  if (!ends_) table_->consumed.store(expected + 1, std::memory_order_relaxed);  // read by publish_number
  return {};
}

void Traffic::check() {
  if (const std::string problem = follower_.problem(); !problem.empty())
    throw std::runtime_error(problem + "; " + std::to_string(published()) + " published");
  for (const auto& publisher : publishers_) {
    if (!publisher->running()) throw std::runtime_error("a publisher has ended: " + publisher->errors());
  }
}

void Traffic::wait_for(std::uint32_t more) {
  const std::uint32_t end = next_ + more;
  const bool came = wait_until([&] {
    check();
    return next_ >= end;
  });
  if (!came) {
    throw std::runtime_error("number " + std::to_string(next_) + " has not come; " +
                             std::to_string(published()) + " published");
  }
}

void Traffic::wait_until_held_up() {
  const bool held_up = wait_until([&] {
    check();
    return published() == table_->consumed + kAhead;
  });
  if (!held_up) throw std::runtime_error("only " + std::to_string(published()) + " were published");
}

std::uint32_t Traffic::finish() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  const std::uint32_t all = table_->consumed + kAhead;
  const bool came = wait_until([&] {
    check();
    return published() == all && next_ == all;
  });
  if (!came) {
    throw std::runtime_error(std::to_string(published()) + " of " + std::to_string(all) + " published, " +
                             std::to_string(next_) + " arrived");
  }
  if (table_->attempted != all + table_->refused) throw std::runtime_error("the publishers can't count");
  for (const auto& publisher : publishers_) {
    publisher->signal(SIGKILL);
    publisher->wait();
  }
  publishers_.clear();
  return all;
}

}  // namespace ringpost::tests
