// The keeper, or that there is none: then everything counts as kept at once, and ends with this process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "daemon/control/keeper_link.hpp"

namespace ringpost::daemon {

class Custody {
 public:
  explicit Custody(std::unique_ptr<KeeperLink> keeper = nullptr) : keeper_(std::move(keeper)) {}

  bool has_keeper() const { return keeper_ != nullptr; }
  // Whether what is kept now survives this process, and whether also when it is told to stop.
  bool survives_a_crash() const { return keeper_ && keeper_->connected(); }
  bool survives_a_stop() const { return survives_a_crash() && !keeper_->ends_with_daemon(); }
  std::size_t held() const { return keeper_ ? keeper_->held() : 0; }
  KeeperLink& keeper() { return *keeper_; }

  // `done(true)`: it is kept. `done(false)`: the keeper is away or full. May be called before this returns.
  void keep(std::string name, int descriptor, std::function<void(bool)> done) {
    if (!keeper_) return done(true);
    keeper_->keep(std::move(name), descriptor, std::move(done));
  }
  bool keeps(const std::string& name, int descriptor) const {
    return keeper_ && keeper_->keeps(name, descriptor);
  }
  // `done`: nobody but this process has it any more.
  void drop(
      const std::string& name, std::function<void()> done = [] {}) {
    if (!keeper_) return done();
    keeper_->drop(name, std::move(done));
  }

 private:
  std::unique_ptr<KeeperLink> keeper_;
};

}  // namespace ringpost::daemon
