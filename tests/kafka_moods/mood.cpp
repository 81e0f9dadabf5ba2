#include "tests/kafka_moods/mood.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <boost/algorithm/string/replace.hpp>

namespace ringpost::tests {
namespace {

// Only ends a test that would never pass.
constexpr std::chrono::minutes kPatience{4};
constexpr std::chrono::milliseconds kLook{100};
constexpr std::chrono::seconds kRivalsPatience{15};  // without any report

std::unique_ptr<ThreeBrokers> shared_brokers;
std::vector<std::string> rows;

class Cluster : public testing::Environment {
 public:
  void SetUp() override { shared_brokers = std::make_unique<ThreeBrokers>(); }
  void TearDown() override {
    shared_brokers.reset();
    std::cout << "| mood | events | lost | out of order | twice | producers | late, ms | librdkafka | ratio "
                 "| longest wait, "
                 "ms | librdkafka |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const std::string& row : rows) std::cout << row << "\n";
  }
};

const auto* const cluster = testing::AddGlobalTestEnvironment(new Cluster);  // googletest owns it

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](std::uint64_t total, const auto& count) { return total + count.second; });
}

// Who loses events is done sooner.
std::string ratio(std::int64_t ours, std::int64_t theirs, std::uint64_t they_lost) {
  if (!compared()) return "-";
  if (they_lost != 0) return "it lost " + std::to_string(they_lost);
  if (theirs == 0) return ours == 0 ? "not felt" : "only ours";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", static_cast<double>(ours) / static_cast<double>(theirs));
  return text.data();
}

}  // namespace

void await(const std::string& what, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error(what + ": has not come");
    std::this_thread::sleep_for(kLook);
  }
}

// A test that is repeated gets topics of its own.
Mood::Mood() {
  static int moods = 0;
  name_ = testing::UnitTest::GetInstance()->current_test_info()->name();
  topic_ = name_ + "." + std::to_string(++moods);
}
Mood::~Mood() = default;

// The next mood begins with all three, wherever this one has ended.
void Mood::TearDown() {
  if (!HasFailure()) return;
  for (const int broker : {1, 2, 3}) kafka().tell("kill", broker);
  kafka().start({1, 2, 3});
}

ThreeBrokers& Mood::kafka() { return *shared_brokers; }

void Mood::begin(const MoodPlan& plan) {
  plan_ = plan;
  if (plan_.brokers.empty()) plan_.brokers = kafka().addresses();
  admin_ = std::make_unique<Admin>(kafka().addresses());
  create_topics();
  const std::string listed = boost::algorithm::replace_all_copy(plan_.brokers, ",", R"(", ")");
  if (plan_.keeper) keeper_ = std::make_unique<Keeper>();
  const std::map<std::string, std::string> environment =
      keeper_ ? keeper_->environment() : std::map<std::string, std::string>{};
  daemon_ = std::make_unique<Daemon>("[instance.kafkaid]\nbrokers = [\"" + listed + "\"]\ntopics = [\"" +
                                         topic() + "\"]\nsend_timeout = \"30min\"\nlibrdkafka = { " +
                                         plan_.properties + " }\n",
                                     "", environment);
  daemon_->wait_until_connected("kafkaid");
  traffic_ = std::make_unique<Traffic>(daemon_->socket(), topic());
  rival_ = std::make_unique<Rival>(plan_.brokers, rivals_topic());
  await("the first second's events", [this] {
    return daemon_->status("kafkaid").delivered > events_a_second() &&
           (!compared() || rival_->delivered() > events_a_second());
  });
  began_us_ = wall_clock_us();
}

// A broker that has just come back may not be told yet that it is: the topics are led by whom the plan says, or the moods would be
// others.
void Mood::create_topics() {
  std::map<std::string, std::string> settings = plan_.settings;
  settings.insert({{"min.insync.replicas", "2"}, {"message.timestamp.type", "LogAppendTime"}});
  for (const std::string& name : {topic(), rivals_topic()}) {
    admin_->create(name, plan_.replicas, settings);
    await(name + " with its leaders", [&] {
      const auto views = admin_->look_at(name);
      if (views.size() != plan_.replicas.size()) return false;
      return std::equal(views.begin(), views.end(), plan_.replicas.begin(),
                        [](const auto& view, const auto& replicas) {
                          return view.leader == replicas.front() && view.in_sync.size() == replicas.size();
                        });
    });
  }
}

void Mood::wait_until_caught_up() {
  const std::uint64_t ours = traffic_->accepted();
  const std::uint64_t theirs = rival_->published();
  await("what was published", [&] { return daemon_->status("kafkaid").delivered >= ours; });
  wait_for_rival(theirs);
}

// It may have died, or be stuck: then there is nothing to compare with, and that is all.
void Mood::wait_for_rival(std::uint64_t published) const {
  std::uint64_t reported = 0;
  auto end = std::chrono::steady_clock::now() + kRivalsPatience;
  while (!rival_->dead() && reported < published && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kLook);
    const std::uint64_t now = rival_->delivered() + rival_->failed();
    if (std::exchange(reported, now) != now) end = std::chrono::steady_clock::now() + kRivalsPatience;
  }
}

void Mood::wait_until_in_sync() {
  for (const std::string& name : {topic(), rivals_topic()}) {
    await(name + " in sync", [&] {
      const auto views = admin_->look_at(name);
      return !views.empty() && std::all_of(views.begin(), views.end(), [](const PartitionView& view) {
        return view.in_sync.size() == view.replica_count;
      });
    });
  }
}

void Mood::wait_until_without(int broker) {
  for (const std::string& name : {topic(), rivals_topic()}) {
    await(name + " without broker " + std::to_string(broker), [&] {
      const auto views = admin_->look_at(name);
      return !views.empty() && std::all_of(views.begin(), views.end(), [broker](const PartitionView& view) {
        return view.leader > 0 && view.leader != broker &&
               std::find(view.in_sync.begin(), view.in_sync.end(), broker) == view.in_sync.end();
      });
    });
  }
}

int Mood::leader(std::size_t partition) {
  int leader = -1;
  await("a leader", [&] {
    const auto views = admin_->look_at(topic());
    if (partition < views.size()) leader = views[partition].leader;
    return leader > 0;
  });
  return leader;
}

void Mood::mood_lasts() const { std::this_thread::sleep_for(hold()); }

void Mood::rest(bool rests) const {
  traffic_->rest(rests);
  rival_->rest(rests);
}

void Mood::flows_on() {
  const std::uint64_t enough = traffic_->accepted() + events_a_second();
  await("another second's events", [&] { return daemon_->status("kafkaid").delivered >= enough; });
}

void Mood::finish() {
  traffic_->stop();
  rival_->stop();
  EXPECT_EQ(traffic_->problem(), "") << daemon_->log();
  InstanceStatus status;
  await("the last event", [&] {
    status = daemon_->status("kafkaid");
    return status.waiting == 0;
  });
  wait_for_rival(rival_->published());
  wait_until_in_sync();
  ours_ = read_all(kafka().addresses(), topic(), traffic_->accepted());
  producers_ = status.producers_created;
  expect_nothing_lost(status);
  report();
  EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
}

void Mood::expect_nothing_lost(const InstanceStatus& status) {
  EXPECT_EQ(ours_.problem, "");
  EXPECT_EQ(traffic_->accepted() + traffic_->refused(), traffic_->attempted());
  EXPECT_EQ(status.accepted, traffic_->accepted());
  EXPECT_EQ(sum(status.refused), traffic_->refused());
  EXPECT_EQ(status.dead_letters, 0U) << daemon_->log();
  EXPECT_EQ(status.delivered, traffic_->accepted());
  never_came_ = traffic_->accepted() - ours_.came;
  EXPECT_EQ(plan_.loses_oldest ? holes(ours_) : never_came_, 0U) << "lost\n" << daemon_->log();
  EXPECT_EQ(inversions(ours_), 0U) << "out of order\n" << daemon_->log();
  if (producers_ == 1 && !keeper_) {
    EXPECT_EQ(ours_.copies, 0U) << "came twice from one producer";
  }
}

// No test passes or fails by these times.
void Mood::report() {
  const Reading theirs = read_all(kafka().addresses(), rivals_topic(), rival_->published());
  const Felt our_felt = felt(ours_, began_us_);
  const Felt their_felt = felt(theirs, began_us_);
  std::ostringstream row;
  const std::uint64_t they_lost = rival_->published() - rival_->delivered();
  row << "| " << name_ << " | " << traffic_->accepted() << " | "
      << (plan_.loses_oldest ? holes(ours_) : never_came_) << " | " << inversions(ours_) << " | "
      << ours_.copies << " | " << producers_ << " | " << our_felt.late_ms << " | " << their_felt.late_ms
      << " | " << ratio(our_felt.late_ms, their_felt.late_ms, they_lost) << " | " << our_felt.longest_ms
      << " | " << their_felt.longest_ms << " |";
  rows.push_back(row.str());
  std::cout << row.str() << " rival: " << rival_->failed() << " failed, "
            << rival_->published() - rival_->delivered() - rival_->failed() << " stuck, " << theirs.copies
            << " twice, " << inversions(theirs) << " out of order" << (rival_->dead() ? ", dead" : "")
            << std::endl;
}

}  // namespace ringpost::tests
