// The daemon of a newer release goes on with what an older one has left: in lanes and arena with the keeper, in spool and dead
// letters on disk. What that is, is kept in fixtures/release-VERSION; who changes a layout keeps these readable, or gives the
// layout another version and says so.
#include <gmock/gmock.h>

#include <cstdlib>
#include <memory>
#include <set>

#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/release_image.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {
namespace {

// Of each kind, in the order in which they were published.
constexpr int kDelivered = 20;
constexpr int kLetters = 5;
constexpr int kSpooled = 30;
constexpr int kInArena = 20;
constexpr int kInLane = 10;

class Upgrade : public testing::Test {
 protected:
  std::string instance(const std::string& topics) const {
    return "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [" + topics +
           "]\nbuffer_size = \"2MiB\"\nlane_size = \"64KiB\"\nmax_event_size = \"16KiB\"\n";
  }
  static std::string daemon_keys() { return "stop_timeout = \"200ms\"\nsync = \"always\"\n"; }
  std::string keeper_socket() const { return keeper_.environment().at("RINGPOST_KEEPER"); }
  std::string instance_folder() const { return daemon_.state_dir() + "/kafkaid"; }

  // Run by whoever makes a release: RINGPOST_WRITE_RELEASE=FOLDER.
  void write(const std::string& folder) {
    daemon_.environment() = keeper_.environment();
    daemon_.start();
    daemon_.wait_until_connected("kafkaid");
    auto publisher = std::make_unique<Publisher>(daemon_.socket());
    publish(*publisher, "orders", kDelivered);
    daemon_.wait_until_delivered("kafkaid", kDelivered);
    kafka_.stop_broker(1);
    publish(*publisher, "others", kLetters);
    publish(*publisher, "orders", kSpooled);
    daemon_.stop();  // puts them on disk
    daemon_.configure(instance(R"("orders")"), daemon_keys());
    daemon_.start();
    ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters == kLetters; }))
        << daemon_.log();
    ASSERT_EQ(daemon_.status("kafkaid").waiting_on_disk, static_cast<std::uint64_t>(kSpooled));
    publish(*publisher, "orders", kInArena);
    ASSERT_TRUE(wait_until(
        [&] { return daemon_.status("kafkaid").accepted == kDelivered + kLetters + kSpooled + kInArena; }));
    daemon_.kill();
    publish(*publisher, "orders", kInLane);
    ReleaseImage(folder).write(keeper_socket(), instance_folder());
  }

  void publish(Publisher& publisher, const std::string& topic, int count) {
    for (const int end = published_ + count; published_ < end; ++published_)
      ASSERT_EQ(
          publisher.publish_patiently({"kafkaid", topic, std::to_string(published_), "key", {{"a", "b"}}}),
          0);
  }

  std::vector<Record> arrived() const { return read_with_kcat(kafka_.brokers(), "orders"); }

  MockCluster kafka_{{"orders", "others"}, 1};
  Keeper keeper_;
  Daemon daemon_{instance(R"("orders", "others")"), daemon_keys()};
  int published_ = 0;
};

TEST_F(Upgrade, WhatRelease_0_1_0_HasLeftIsDelivered) {
  EXPECT_EQ(daemon_.stop(), 0);
  if (const char* const folder = std::getenv("RINGPOST_WRITE_RELEASE")) return write(folder);
  const ReleaseImage release(RINGPOST_FIXTURES "/release-0.1.0");
  release.put_files(instance_folder());
  release.keep(keeper_socket());
  daemon_.environment() = keeper_.environment();
  daemon_.configure(instance(R"("orders", "others")"), daemon_keys());
  daemon_.start();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; })) << daemon_.log();
  const InstanceStatus status = daemon_.status("kafkaid");
  EXPECT_EQ(status.delivered, static_cast<std::uint64_t>(kDelivered + kSpooled + kInArena + kInLane))
      << daemon_.log();
  EXPECT_EQ(status.dead_letters, static_cast<std::uint64_t>(kLetters));
  EXPECT_EQ(daemon_.audit(), "");
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").clients == 0; })) << "its lane stays";

  // After those that it had delivered, in their order, with all that they had, each once.
  int next = kDelivered + kLetters;
  std::set<std::string> ids;
  for (const Record& record : arrived()) {
    EXPECT_EQ(record.message, std::to_string(next++));
    EXPECT_EQ(record.key, "key");
    EXPECT_EQ(record.header("a"), "b");
    ids.insert(record.header("ringpost-id").value_or(""));
  }
  EXPECT_EQ(ids.size(), static_cast<std::size_t>(kSpooled + kInArena + kInLane));

  const Outcome replay =
      run({program("ringpost"), "dead-letters", "replay", "--config", daemon_.config_file()});
  EXPECT_EQ(replay.status, 0) << replay.output << replay.errors;
  EXPECT_TRUE(wait_until([&] { return read_with_kcat(kafka_.brokers(), "others").size() == kLetters; }));
}

}  // namespace
}  // namespace ringpost::tests
