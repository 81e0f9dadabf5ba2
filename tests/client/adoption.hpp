// A daemon that is killed and succeeded while its client publishes, as a keeper makes it possible.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {

class Adoption : public testing::Test {
 protected:
  static constexpr Event kEvent{
      .instance = "kafkaid", .topic = "orders", .message = "1", .key = {}, .headers = {}};
  static constexpr Event kToCome{
      .instance = "kafkaid", .topic = "orders", .message = {}, .key = {}, .headers = {}};

  using Instances = std::vector<FakeInstance>;

  void begin(Instances instances = {FakeInstance{}}, std::uint32_t grace_ms = 3'600'000) {
    instances_ = std::move(instances);
    daemon_ = std::make_unique<FakeDaemon>(instances_);
    daemon_->have_keeper(grace_ms);
    client_ = Client(options());
  }
  Options options(int connect_timeout_ms = 60'000) const {
    return {.socket_path = daemon_->socket_path().c_str(), .connect_timeout_ms = connect_timeout_ms};
  }
  void die() { daemon_->die(); }
  void succeed(const std::function<void(FakeDaemon&)>& prepare = {}) { succeed(instances_, prepare); }
  void succeed(const Instances& instances, const std::function<void(FakeDaemon&)>& prepare = {}) {
    dead_ = std::exchange(daemon_, nullptr);
    daemon_ = std::make_unique<FakeDaemon>(*dead_, instances, prepare);
  }
  // Until every publisher is known to look at the present daemon's boards.
  void expect_confirmed() {
    EXPECT_TRUE(eventually([this] { return daemon_->confirmed() == daemon_->generation(); }));
  }

  // Drains and checks: within each lane the sequence goes on; returns the messages.
  std::vector<std::string> drain() {
    std::vector<std::string> messages;
    for (const Seen& seen : daemon_->drain()) {
      EXPECT_EQ(seen.sequence, ++sequences_[seen.lane]) << "lane " << seen.lane;
      messages.push_back(seen.message);
    }
    return messages;
  }

  Instances instances_;
  std::unique_ptr<FakeDaemon> dead_;  // its boards are still there, and nobody writes them
  std::unique_ptr<FakeDaemon> daemon_;
  std::map<std::uint64_t, std::uint64_t> sequences_;
  Client client_{nullptr};
};

}  // namespace ringpost::tests
