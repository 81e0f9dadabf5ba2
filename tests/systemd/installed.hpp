// A box with the package ringpost installed as an administrator does it, and a Kafka that it can reach.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/systemd/box.hpp"

namespace ringpost::tests {

inline constexpr const char* kConfiguration = "/etc/ringpost/ringpost.toml";
inline constexpr const char* kOlder = "0.1.0";
inline constexpr const char* kNewer = "0.1.1";

// The packages of this build, made once for the program, as kOlder and as kNewer.
std::string package_file(const std::string& version);

// apt-get, which asks nothing and keeps an administrator's configuration: "remove ringpost".
std::string apt_command(const std::string& words);

class Installed : public testing::Test {
 protected:
  Installed();

  std::string put_package(const std::string& version) const;  // its path in the box
  Outcome apt_install(const std::string& version, const std::string& options = "") const;
  void install(const std::string& version) const;  // throws when it fails

  // One instance, kafkaid, of kafka_; `more`: lines for it.
  std::string configuration(const std::string& more = "") const;
  // Writes it and starts the daemon anew; waits until the instance has its broker.
  void configure(const std::string& text);

  std::string socket() const { return box_.outside("/run/ringpost/ringpost.sock"); }
  // Once the instance has answered.
  InstanceStatus status(const std::string& instance = "kafkaid") const;
  void wait_until_connected() const;
  // Waits until nothing waits; then accepted is delivered and dead letters. The status of that moment.
  InstanceStatus wait_until_settled() const;

  // `systemctl show -p`, the value alone.
  std::string shown(const std::string& property, const std::string& unit = "ringpostd") const;
  std::string journal() const { return box_.output_of("journalctl --no-pager -o cat -u ringpostd"); }

  MockCluster kafka_{{"orders", "others"}};
  Box box_;
};

}  // namespace ringpost::tests
