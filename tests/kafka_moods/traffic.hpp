// A script host that publishes at a steady rate, whatever happens to the brokers. An event that is refused is published again a
// moment later, before its successors: so accepted are the numbers from 0 on.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace ringpost::tests {

class Traffic {
 public:
  Traffic(const std::string& socket, const std::string& topic);
  ~Traffic();
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  void rest(bool rests) { rests_ = rests; }  // publishes nothing for now
  void stop();                               // nothing more is published

  std::uint64_t attempted() const { return attempted_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t refused() const { return refused_; }
  // After stop(): an answer that should not come, with its message; empty: none.
  std::string problem() const { return problem_; }

 private:
  void publish(const std::string& socket, const std::string& topic);

  std::atomic<bool> over_{false};
  std::atomic<bool> rests_{false};
  std::atomic<std::uint64_t> attempted_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::string problem_;
  std::thread thread_;
};

}  // namespace ringpost::tests
