// The state directory on a real file system of its own that is too small, and gets room. (Read-only it can't be made while we
// hold our lock there, but by the kernel itself: disk_faults_test.)
#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/survival/on_disk.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

class SmallDisk : public OnDisk {
 protected:
  SmallDisk() : OnDisk(true, "spool = \"64MiB\"\n") {
    EXPECT_EQ(daemon_.stop(), 0);
    start_on_tmpfs("3m");
    publish(100);
    daemon_.wait_until_delivered("kafkaid", 100);
  }

  // In a mount namespace; whoever is not root becomes root of a user namespace first.
  void start_on_tmpfs(const std::string& size) {
    std::vector<std::string> under{"unshare", "--mount"};
    if (::geteuid() != 0) under.emplace_back("--map-root-user");
    under.insert(under.end(), {"--", "sh", "-c",
                               "mount -t tmpfs -o mode=0700,size=$1 tmpfs \"$2\" && shift 2 && exec \"$@\"",
                               "sh", size, daemon_.state_dir()});
    daemon_.launch(under);
    daemon_.wait_until_serving();
    daemon_.wait_until_connected("kafkaid");
  }

  std::vector<std::string> beside_the_daemon() const {
    std::vector<std::string> under{"nsenter", "--target", std::to_string(daemon_.process().pid()), "--mount"};
    if (::geteuid() != 0) under.insert(under.end(), {"--user", "--preserve-credentials"});
    return under;
  }
  std::string audit() const override { return daemon_.audit(beside_the_daemon()); }
  void remount(const std::string& how) {
    std::vector<std::string> command = beside_the_daemon();
    command.insert(command.end(), {"mount", "-o", "remount," + how, daemon_.state_dir()});
    const Outcome outcome = run(command);
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
  }

  void wait_until_it_says(const std::string& what) {
    EXPECT_TRUE(wait_until([&] {
      return daemon_.status("kafkaid").disk_problem.find(what) != std::string::npos;
    })) << daemon_.status("kafkaid").disk_problem
        << daemon_.log();
  }

  void expect_end() {
    kafka_.resume();
    daemon_.wait_until_delivered("kafkaid", published_);
    expect_all_arrived(published_);
    EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
    EXPECT_TRUE(wait_until([&] { return !has_problem(); })) << daemon_.status("kafkaid").disk_problem;
  }
};

TEST_F(SmallDisk, IsFullAndGetsRoom) {
  kafka_.pause();
  publish_until_full();
  wait_until_it_says("No space left on device");
  const std::uint64_t before = daemon_.status("kafkaid").waiting_on_disk;
  EXPECT_GT(before, 0U);
  EXPECT_EQ(audit(), "");
  remount("size=64m");
  publish(10'000);  // by itself
  wait_until_on_disk(before + 1);
  wait_until_well();
  expect_end();
}

TEST_F(SmallDisk, IsFullUntilTheBrokersAreBack) {
  kafka_.pause();
  publish_until_full();
  wait_until_it_says("No space left on device");
  expect_end();
}

}  // namespace
}  // namespace ringpost::tests
