// Script hosts that publish all the while, and a consumer that looks at every event: 8 threads of 3 processes hand a token
// around and publish in turn, to kafkaid/orders, all with one key. They must notice nothing of what happens to the
// daemon: any answer but OK and BUFFER_FULL ends them, and that is a problem.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/attack/shared_file.hpp"
#include "tests/attack/token.hpp"
#include "tests/support/process.hpp"
#include "tests/survival/follower.hpp"

namespace ringpost::tests {

class Traffic {
 public:
  // "stay", or "come-and-go": threads and handles live for a few hundred events.
  explicit Traffic(const std::string& socket, const std::string& way = "stay");

  // Throws with what has gone wrong so far: overtaken, foreign, a publisher's error.
  void check();
  // Waits until so many more have arrived; throws likewise, and where nothing comes.
  void wait_for(std::uint32_t more);
  // Nothing more is published, and what was published has arrived; the publishers are gone. How many events it were.
  std::uint32_t finish();
  // Waits until the publishers can't go on: so much is published that has not arrived.
  void wait_until_held_up();

  std::uint32_t published() const { return table_->published.load(std::memory_order_relaxed); }
  std::uint64_t duplicates() const { return follower_.duplicates(); }
  std::uint64_t refused() const { return table_->refused; }

  // At most so many are under way: the embedded cluster keeps the last 5 MB only.
  static constexpr std::uint32_t kAhead = 8'000;

 private:
  std::string look(const std::string& message);

  TemporaryDirectory directory_;
  const SharedFile<TokenTable> table_{directory_.file("table")};
  std::mutex mutex_;
  bool ends_ = false;  // `consumed` stays, and so the publishers come to their end
  std::atomic<std::uint32_t> next_{0};
  std::vector<std::unique_ptr<Process>> publishers_;
  Follower follower_;
};

}  // namespace ringpost::tests
