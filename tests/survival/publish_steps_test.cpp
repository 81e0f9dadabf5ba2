// kill -9 after every instruction of a publish: what had returned 0 is delivered, the event under way whole or not at all,
// and of the dead nothing stays, neither a lane nor a descriptor.
#include <array>
#include <map>
#include <sstream>

#include <boost/json.hpp>

#include "tests/attack/account.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kThreads = 3;  // as many as there are lanes at a hello: more would wait for theirs
static_assert(kThreads <= kAccountsMax);

class PublishSteps : public Survival {
 protected:
  PublishSteps() {
    daemon_.stop();
    // Small, for most of a victim's short life goes into its lanes' pages.
    daemon_.configure(instance("kafkaid", kafka_.brokers(), R"("orders")",
                               "lane_size = \"64KiB\"\nmax_event_size = \"16KiB\""));
    daemon_.start();
    daemon_.wait_until_connected("kafkaid");
  }

  // By name and thread: how many arrived, each whole and in its order.
  std::map<std::string, std::uint32_t> arrived() const {
    std::map<std::string, std::uint32_t> counts;
    for (const Record& record : daemon_.consume("kafkaid", "orders")) {
      const boost::json::value message = boost::json::parse(record.message);
      const std::string by(message.at("by").as_string());
      EXPECT_EQ(record.key, by);
      EXPECT_EQ(message.at("n").to_number<std::uint32_t>(), counts[by]++) << by;
    }
    return counts;
  }

  TemporaryDirectory accounts_;
};

TEST_F(PublishSteps, EachIsTheLastOfSomebody) {
// Of many times as many, which are not the product's.
#if defined(RINGPOST_SANITIZER_ADDRESS)
  constexpr const char* kStride = "97";
#else
  constexpr const char* kStride = "1";
#endif
  const Outcome outcome = run({program("killed_in_publish"), program("doomed_publisher"), daemon_.socket(),
                               accounts_.path().string(), std::to_string(kThreads), kStride},
                              {}, std::chrono::seconds(240));
  ASSERT_EQ(outcome.status, 0) << outcome.errors << daemon_.log();
  std::istringstream figures(outcome.output);
  std::uint32_t victims = 0;
  std::uint32_t instructions = 0;
  figures >> victims >> instructions;
  ASSERT_TRUE(wait_until([&] {
    const InstanceStatus status = daemon_.status("kafkaid");
    return status.waiting == 0 && status.clients == 0;
  })) << daemon_.log();

  auto counts = arrived();
  std::uint64_t sum = 0;
  std::uint32_t whole = 0;    // under way, and delivered
  std::uint32_t nothing = 0;  // under way, and not there
  for (std::uint32_t victim = 0; victim < victims; ++victim) {
    const SharedFile<Accounts> accounts(accounts_.file(std::to_string(victim)));
    for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
      const Accounts::Account& account = accounts->of_thread.at(thread);
      const std::string by = std::to_string(victim) + "/" + std::to_string(thread);
      EXPECT_GE(counts[by], account.accepted) << by;
      EXPECT_LE(counts[by], account.attempted) << by;
      sum += counts[by];
      if (account.accepted == account.attempted) continue;
      ++(counts[by] == account.attempted ? whole : nothing);
    }
  }
  std::cout << instructions << " instructions, " << victims << " victims with " << kThreads
            << " threads; of the events under way " << whole << " arrived and " << nothing << " did not"
            << std::endl;
  EXPECT_GT(whole, 0U);
  EXPECT_GT(nothing, 0U);
  expect_all_delivered_and_forgotten(sum);
}

}  // namespace
}  // namespace ringpost::tests
