// The keeper dies, or the keeper and the daemon at once; it has no descriptors left; it does not answer. Who publishes
// must not notice, but where nobody is left who holds what they have written.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <filesystem>
#include <mutex>
#include <vector>

#include <boost/json.hpp>

#include "tests/control/raw_client.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/survival.hpp"
#include "tests/survival/traffic.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

class KeeperKilled : public Survival {
 protected:
  boost::json::value status() const { return boost::json::parse(RawClient(daemon_.socket()).status()); }
  bool is_kept() const { return status().at("keeper").as_bool(); }

  // Nobody new gets anything that would not be held.
  void expect_newcomers_refused() const {
    RawClient newcomer(daemon_.socket());
    const ipc::Received answer = newcomer.hello();
    EXPECT_EQ(refusal_of(answer), ipc::Refusal::kNoResources);
    EXPECT_THAT(refusal_text(answer), HasSubstr("keeper"));
  }

  // The number that its next descriptor would get.
  rlim_t keepers_next_descriptor() {
    const std::string folder = "/proc/" + std::to_string(keeper_.process().pid()) + "/fd/";
    rlim_t number = 0;
    while (std::filesystem::is_symlink(folder + std::to_string(number))) ++number;
    return number;
  }
  void limit_keepers_descriptors(rlim_t soft) {
    rlimit limit{};
    ASSERT_EQ(::prlimit(keeper_.process().pid(), RLIMIT_NOFILE, nullptr, &limit), 0);
    limit.rlim_cur = soft;
    ASSERT_EQ(::prlimit(keeper_.process().pid(), RLIMIT_NOFILE, &limit, nullptr), 0);
  }
};

TEST_F(KeeperKilled, UnderTrafficAndTheDaemonAfterIt) {
  Traffic traffic(daemon_.socket());
  traffic.wait_for(1'000);
  const std::uint32_t rounds = std::max(amount(3), 1U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    keeper_.kill();
    ASSERT_TRUE(wait_until([&] { return !is_kept(); }));
    expect_newcomers_refused();
    traffic.wait_for(Traffic::kAhead);
    keeper_.start();
    ASSERT_TRUE(wait_until([&] { return is_kept(); })) << daemon_.log();  // everything has been offered
    traffic.wait_for(Traffic::kAhead);
    daemon_.kill();
    daemon_.start();
    traffic.wait_for(Traffic::kAhead);
  }
  expect_all_delivered_and_forgotten(traffic.finish());
}

TEST_F(KeeperKilled, TogetherWithTheDaemonOnlyWhatNobodyHeldIsLost) {
  constexpr std::uint64_t kBefore = 500;
  constexpr std::uint64_t kWaiting = 5'000;
  constexpr std::uint64_t kAfter = 300;
  const std::string padding(4'000,
                            ' ');  // so that not all that waits has room in sockets on its way to the broker
  std::mutex mutex;
  std::vector<std::uint64_t> arrived;
  const Follower follower(daemon_.socket(), "orders", "kafkaid", [&](const std::string& message) {
    const std::lock_guard lock(mutex);
    arrived.push_back(std::stoull(message));
    return std::string();
  });
  const auto last = [&] {
    const std::lock_guard lock(mutex);
    return arrived.empty() ? 0 : arrived.back();
  };
  Publisher publisher(daemon_.socket());
  std::uint64_t number = 0;
  const auto publish = [&](std::uint64_t count) {
    for (const std::uint64_t end = number + count; number < end; ++number) {
      const Event event{"kafkaid", "orders", std::to_string(number) + padding, "key", {}};
      ASSERT_EQ(publisher.publish_patiently(event), 0) << ringpost_last_error_message();
    }
  };
  publish(kBefore);
  daemon_.wait_until_delivered("kafkaid", kBefore);
  kafka_.pause();
  publish(kWaiting);
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == kBefore + kWaiting; }));
  keeper_.process().signal(SIGSTOP);  // it does not see the daemon's end
  daemon_.kill();
  keeper_.kill();
  kafka_.resume();
  keeper_.start();
  daemon_.start();
  daemon_.wait_until_connected("kafkaid");
  publish(kAfter);  // the same handle: its client has connected anew
  daemon_.wait_until_delivered("kafkaid", kAfter);
  EXPECT_EQ(daemon_.status("kafkaid").accepted, kAfter);
  ASSERT_TRUE(wait_until([&] { return last() == number - 1; }));

  // What was on its way to the broker has arrived: a part of what waited, from its beginning.
  const std::lock_guard lock(mutex);
  const std::uint64_t lost = number - arrived.size();
  EXPECT_GT(lost, 0U);
  EXPECT_LT(lost, kWaiting);
  for (std::uint64_t at = 0; at < arrived.size(); ++at)
    ASSERT_EQ(arrived[at], at < kBefore + kWaiting - lost ? at : at + lost);
  std::cout << lost << " of " << kWaiting << " events that waited were lost" << std::endl;
}

TEST_F(KeeperKilled, OutOfDescriptorsItRefusesNewLanesOnly) {
  Traffic traffic(daemon_.socket());
  traffic.wait_for(1'000);
  limit_keepers_descriptors(keepers_next_descriptor());
  ASSERT_NO_FATAL_FAILURE(expect_newcomers_refused());
  EXPECT_TRUE(wait_until([&] { return daemon_.log().find("is full") != std::string::npos; }))
      << daemon_.log();
  traffic.wait_for(Traffic::kAhead);
  daemon_.kill();  // its successor takes what is held, and keeps nothing new but its own
  daemon_.start();
  traffic.wait_for(Traffic::kAhead);
  limit_keepers_descriptors(1'000);
  EXPECT_EQ(RawClient(daemon_.socket()).hello().frame.header.type, ipc::FrameType::kWelcome);
  expect_all_delivered_and_forgotten(traffic.finish());
}

TEST_F(KeeperKilled, ThatDoesNotAnswerHoldsUpNewcomersOnly) {
  Traffic traffic(daemon_.socket());
  traffic.wait_for(1'000);
  const std::uint32_t rounds = std::max(amount(2), 1U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    keeper_.process().signal(SIGSTOP);
    RawClient newcomer(daemon_.socket());
    ASSERT_TRUE(newcomer.send_hello());
    traffic.wait_for(2 * Traffic::kAhead);
    keeper_.process().signal(SIGCONT);
    EXPECT_EQ(newcomer.receive().frame.header.type, ipc::FrameType::kWelcome);
    daemon_.kill();
    daemon_.start();
  }
  expect_all_delivered_and_forgotten(traffic.finish());
}

}  // namespace
}  // namespace ringpost::tests
