// ringpostd dies at named points of the disk's half: under publishers that don't stop, with a buffer that an outage of a second
// is longer than, and a broker that goes and comes, so that events go to disk and come back. As crash_points_test otherwise.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/survival/on_disk.hpp"

namespace ringpost::tests {
namespace {

struct Point {
  const char* function;
  std::uint32_t hits_max;  // the K-th of its calls comes soon
};

constexpr std::uint32_t kOften = 20;
constexpr std::uint32_t kSometimes = 3;
constexpr std::uint32_t kSeldom = 1;

constexpr std::array kSpoolPoints{
    Point{"ringpost::daemon::Log::append(", kOften},
    Point{"ringpost::daemon::Log::flush_marks(", kOften},
    Point{"ringpost::daemon::Log::remove(", kSeldom},
    Point{"ringpost::daemon::Spool::put(", kOften},
    Point{"ringpost::daemon::Spool::settle(", kSometimes},
    Point{"ringpost::daemon::Spool::bring_back(", kOften},
    Point{"ringpost::daemon::Spool::end(", kOften},
    Point{"ringpost::daemon::Spool::step(", kOften},
    Point{"ringpost::daemon::Spool::open(", kSeldom},
    Point{"ringpost::daemon::Arena::free_segment(", kSeldom},
    Point{"ringpost::daemon::Overflow::put_on_disk(", kOften},
    Point{"ringpost::daemon::Overflow::bring_back(", kOften},
    Point{"ringpost::daemon::DeadLetters::open(", kSeldom},
};

// Of killed_at. A point that is not reached costs so long.
#if defined(RINGPOST_SANITIZER_ADDRESS)
constexpr const char* kSpoolSeconds = "60";
#else
constexpr const char* kSpoolSeconds = "20";
#endif

// A broker that is away longer than what is stuck stays in memory.
class ComingAndGoing {
 public:
  explicit ComingAndGoing(const MockCluster& kafka) : kafka_(kafka) {}
  ~ComingAndGoing() {
    over_ = true;  // read by go()
    thread_.join();
  }
  ComingAndGoing(const ComingAndGoing&) = delete;
  ComingAndGoing& operator=(const ComingAndGoing&) = delete;

 private:
  void go() {
    while (!over_) {
      kafka_.pause();
      stay(25);
      kafka_.resume();
      stay(20);
    }
  }
  void stay(int tenths) const {
    for (int tenth = 0; tenth < tenths && !over_; ++tenth)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }

  const MockCluster& kafka_;
  std::atomic<bool> over_{false};
  std::thread thread_{[this] { go(); }};
};

class SpoolPoints : public OnDisk {
 protected:
  SpoolPoints() : OnDisk(true, "spool = \"64MiB\"\n") {}  // segments of 1 MiB: some are removed all the while

  // A publisher and a broker that goes and comes while the daemon runs towards the point.
  void die_at(const Point& point) {
    const std::uint32_t hits = 1 + static_cast<std::uint32_t>(random_() % point.hits_max);
    const double exponent = std::uniform_real_distribution<double>(0, 11.5)(random_);
    const auto deep = static_cast<std::uint32_t>(std::exp2(exponent)) - 1;
    daemon_.launch(
        {program("killed_at"), point.function, std::to_string(hits), std::to_string(deep), kSpoolSeconds});
    const ComingAndGoing broker(kafka_);
    // Memory is never without work: as much as it holds, and what the cluster keeps of it.
    while (daemon_.process().running()) {
      const std::string key = std::to_string(published_ % kKeys);
      if (published_ - follower_->arrived() > kAheadMax) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      const int code = publisher_->publish({"kafkaid", "orders", message_of(published_), key, {}});
      ASSERT_TRUE(code == 0 || code == RINGPOST_BUFFER_FULL) << code << ringpost_last_error_message();
      published_ += code == 0 ? 1 : 0;
      if (code != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const int outcome = daemon_.process().wait();
    std::cout << point.function << ") call " << hits << ", " << deep
              << " instructions: " << (outcome == 0 ? "died" : "not there in time") << std::endl;
    ASSERT_TRUE(outcome == 0 || outcome == 3) << outcome << "\n" << daemon_.log();
    if (outcome == 0) ++deaths_[point.function];
    ASSERT_EQ(follower_->problem(), "");
  }

  static constexpr std::uint64_t kAheadMax = 60'000;

  std::mt19937_64 random_{survival_seed()};
  std::map<std::string_view, std::uint32_t> deaths_;
};

TEST_F(SpoolPoints, AllOfThemWhileEventsGoToDiskAndComeBack) {
  publish(1'000);
  daemon_.wait_until_delivered("kafkaid", 1'000);
  daemon_.kill();
  std::vector<Point> points(kSpoolPoints.begin(), kSpoolPoints.end());
  const std::uint32_t rounds = std::max(amount(1), 1U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    std::shuffle(points.begin(), points.end(), random_);
    for (const Point& point : points) ASSERT_NO_FATAL_FAILURE(die_at(point));
  }
  // Under load the daemon may not come to a point in its time: these have another turn.
  for (int turn = 0; turn < 4; ++turn) {
    for (const Point& point : kSpoolPoints) {
      if (deaths_[point.function] != 0) continue;
      ASSERT_NO_FATAL_FAILURE(die_at(point));
    }
  }
  daemon_.start();
  expect_all_arrived(published_);
  daemon_.wait_until_delivered("kafkaid", published_);
  expect_no_spool_files();
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
  std::cout << published_ << " events, " << follower_->duplicates() << " came again" << std::endl;
  for (const Point& point : kSpoolPoints) EXPECT_GT(deaths_[point.function], 0U) << point.function;
}

}  // namespace
}  // namespace ringpost::tests
