// ringpostd dies at named points: when it comes to a function for the K-th time, S instructions into it, under traffic.
// The product has no code for this: killed_at runs it under ptrace. Each death is printed with K and S; the same seed
// chooses them again.
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <vector>

#include "tests/survival/survival.hpp"
#include "tests/survival/traffic.hpp"

namespace ringpost::tests {
namespace {

struct Point {
  const char* function;
  std::uint32_t hits_max;  // the K-th of its calls comes soon under this traffic
};

constexpr std::uint32_t kOften = 200;
constexpr std::uint32_t kSometimes = 3;
constexpr std::uint32_t kAtStart = 1;

constexpr std::array kPoints{
    Point{"ringpost::daemon::Arena::append(", kOften},
    Point{"ringpost::daemon::Arena::commit(", kOften},
    Point{"ringpost::daemon::Arena::set_handed(", kOften},
    Point{"ringpost::daemon::Arena::finish(", kOften},
    Point{"ringpost::daemon::Arena::free_chunk(", kAtStart},
    Point{"ringpost::daemon::Intake::round(", kOften},
    Point{"ringpost::daemon::Intake::accept(", kOften},
    Point{"ringpost::daemon::Intake::release_lanes(", kOften},
    Point{"ringpost::daemon::Intake::open_lane(", kSometimes},
    Point{"ringpost::daemon::Intake::forget_finished(", kSometimes},
    Point{"ringpost::daemon::Journal::enter(", kSometimes},
    Point{"ringpost::daemon::Journal::forget(", kSometimes},
    Point{"ringpost::kafka::Producer::produce(", kOften},
    Point{"ringpost::kafka::Outbox::Impl::on_report(", kOften},
    Point{"ringpost::kafka::Outbox::Impl::hand_over(", kOften},
    Point{"ringpost::daemon::Delivery::delivered(", kOften},
    Point{"ringpost::daemon::Arena::Arena(ringpost::ipc::Descriptor", kAtStart},
    Point{"ringpost::daemon::Instance::Loop::adopt(", kAtStart},
    Point{"ringpost::daemon::Intake::adopt_lane(", kSometimes},
    Point{"ringpost::daemon::Intake::requeue_left(", kAtStart},
    Point{"ringpost::daemon::Server::keep_memories(", kAtStart},
    Point{"ringpost::daemon::Server::adopt_clients(", kAtStart},
    Point{"ringpost::daemon::Session::send_welcome(", kSometimes},
    Point{"ringpost::daemon::Session::create_lane(", kSometimes},
    Point{"ringpost::daemon::Session::send_lane(", kSometimes},
    Point{"ringpost::daemon::KeeperLink::keep(", kSometimes},
    Point{"ringpost::daemon::KeeperLink::drop(", kSometimes},
    Point{"ringpost::daemon::KeeperLink::answer(", kSometimes},
};

// Of killed_at. A point that is not reached costs so long.
#if defined(RINGPOST_SANITIZER_ADDRESS)
constexpr const char* kSeconds = "30";
#else
constexpr const char* kSeconds = "10";
#endif
constexpr int kThere = 0;
constexpr int kElsewhere = 3;

class CrashPoints : public Survival {
 protected:
  // Most deaths within the function's first instructions, some far behind it.
  std::uint32_t steps() {
    const double exponent = std::uniform_real_distribution<double>(0, 11.5)(random_);
    return static_cast<std::uint32_t>(std::exp2(exponent)) - 1;
  }

  void die_at(const Point& point) {
    const std::uint32_t hits = 1 + static_cast<std::uint32_t>(random_() % point.hits_max);
    const std::uint32_t deep = steps();
    daemon_.launch(
        {program("killed_at"), point.function, std::to_string(hits), std::to_string(deep), kSeconds});
    const int outcome = daemon_.process().wait();
    std::cout << point.function << ") call " << hits << ", " << deep
              << " instructions: " << (outcome == kThere ? "died" : "not there in time") << std::endl;
    ASSERT_TRUE(outcome == kThere || outcome == kElsewhere) << outcome << "\n" << daemon_.log();
    if (outcome == kThere) ++deaths_[point.function];
  }

  std::mt19937_64 random_{survival_seed()};
  std::map<std::string_view, std::uint32_t> deaths_;
};

TEST_F(CrashPoints, AllOfThemUnderTraffic) {
  Traffic traffic(daemon_.socket(), "come-and-go");
  traffic.wait_for(1'000);
  daemon_.kill();
  std::vector<Point> points(kPoints.begin(), kPoints.end());
  const std::uint32_t rounds = std::max(amount(2), 1U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    std::shuffle(points.begin(), points.end(), random_);
    for (const Point& point : points) {
      ASSERT_NO_FATAL_FAILURE(die_at(point));
      traffic.check();
    }
  }
  daemon_.start();
  traffic.wait_for(1'000);
  const std::uint32_t events = traffic.finish();
  std::cout << events << " events, " << traffic.duplicates() << " came again" << std::endl;
  expect_all_delivered_and_forgotten(events);
  for (const Point& point : kPoints) EXPECT_GT(deaths_[point.function], 0U) << point.function;
  EXPECT_LE(traffic.duplicates(), std::uint64_t{rounds} * kPoints.size() * Traffic::kAhead);
}

TEST_F(CrashPoints, AgainAndAgainWhileItTakesOver) {
  constexpr int kDeathsInARow = 5;
  Traffic traffic(daemon_.socket(), "come-and-go");
  const std::uint32_t rounds = std::max(amount(4), 1U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    traffic.wait_for(1'000);
    daemon_.kill();
    for (int death = 0; death < kDeathsInARow; ++death) {
      daemon_.launch();
      std::this_thread::sleep_for(
          std::chrono::microseconds(random_() % 200'000));  // the instant is the attack
      daemon_.kill();
    }
    daemon_.start();
  }
  traffic.wait_for(1'000);
  expect_all_delivered_and_forgotten(traffic.finish());
}

}  // namespace
}  // namespace ringpost::tests
