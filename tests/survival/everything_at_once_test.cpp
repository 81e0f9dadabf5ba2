// Two instances, eight script hosts, and every few moments something happens to one of them: kills and stops of daemon,
// keeper and clients, pauses of brokers. The seed is printed and chooses the same again; RINGPOST_ATTACK=180 makes an hour.
#include <signal.h>

#include <array>
#include <map>

#include <boost/json.hpp>

#include "tests/attack/account.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/survival/follower.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kThreads = 2;
constexpr std::size_t kHosts = 8;
constexpr std::uint32_t kEventsMax = 1'000'000'000;

// One instance, its Kafka, and what has arrived there, by author.
struct Side {
  explicit Side(std::string its_name) : name(std::move(its_name)) {}

  std::string look(const std::string& message) {
    const boost::json::value event = boost::json::parse(message);
    const std::string by(event.at("by").as_string());
    const std::lock_guard lock(mutex);
    std::uint32_t& next = arrived[by];
    if (event.at("n").to_number<std::uint32_t>() != next)
      return message + " came for number " + std::to_string(next);
    ++next;
    return {};
  }
  std::uint32_t arrived_of(const std::string& by) {
    const std::lock_guard lock(mutex);
    return arrived[by];
  }

  std::string name;
  MockCluster kafka{{"orders"}, 4};
  std::mutex mutex;
  std::map<std::string, std::uint32_t> arrived;
  std::unique_ptr<Follower> follower;
};

class EverythingAtOnce : public testing::Test {
 protected:
  EverythingAtOnce() {
    for (Side& side : sides_) {
      daemon_.wait_until_connected(side.name);
      side.follower =
          std::make_unique<Follower>(daemon_.socket(), "orders", side.name,
                                     [&side](const std::string& message) { return side.look(message); });
    }
    for (std::size_t host = 0; host < kHosts; ++host) start_host(host);
  }
  ~EverythingAtOnce() override {
    for (Side& side : sides_) side.follower.reset();
  }

  static std::string section(const Side& side) {
    // Small, so that what comes at once when a broker is back is less than the mock cluster keeps.
    return "[instance." + side.name + "]\nbrokers = [\"" + side.kafka.brokers() +
           "\"]\ntopics = [\"orders\"]\nbuffer_size = \"4MiB\"\nlane_size = \"64KiB\"\nmax_event_size = "
           "\"16KiB\"\n\n";
  }

  struct Host {
    std::string name;
    std::unique_ptr<Process> process;
  };

  void start_host(std::size_t host) {
    const std::string name = std::to_string(hosts_started_++);
    hosts_[host] = {name, std::make_unique<Process>(std::vector<std::string>{
                              program("accountable_publisher"), daemon_.socket(), accounts_.file(name),
                              "orders", name, std::to_string(kThreads), std::to_string(kEventsMax), "20",
                              "until-killed", sides_[host % sides_.size()].name, "300"})};
    sides_of_.push_back(host % sides_.size());
  }

  std::size_t random(std::size_t end) { return random_() % end; }
  void pass(std::size_t milliseconds_max) {  // the instant is the attack
    std::this_thread::sleep_for(std::chrono::microseconds(random(milliseconds_max * 1'000)));
  }

  // The keeper holds everything again.
  void wait_until_kept() {
    ASSERT_TRUE(wait_until([&] {
      return boost::json::parse(RawClient(daemon_.socket()).status()).at("keeper").as_bool();
    })) << daemon_.log();
  }

  void kill_daemon() {
    daemon_.kill();
    if (random(3) == 0) {
      daemon_.launch();
      pass(100);
      daemon_.kill();
    }
    pass(200);
    daemon_.start();
  }
  void stop_daemon() {
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
    pass(200);
    daemon_.start();
  }
  void kill_keeper() {
    keeper_.kill();
    pass(200);
    keeper_.start();
    wait_until_kept();
  }
  void kill_host() {
    const std::size_t host = random(kHosts);
    hosts_[host].process->signal(SIGKILL);
    EXPECT_EQ(hosts_[host].process->wait(), -SIGKILL) << hosts_[host].process->errors();
    start_host(host);
  }
  void stop_and_continue(const Process& process, std::size_t milliseconds_max) {
    process.signal(SIGSTOP);
    pass(milliseconds_max);
    process.signal(SIGCONT);
  }
  void pause_a_broker() {
    const Side& side = sides_[random(sides_.size())];
    side.kafka.pause();
    pass(1'000);
    if (random(2) == 0) kill_daemon();
    side.kafka.resume();
  }

  void something() {
    static constexpr std::array kNames{"daemon killed", "daemon stopped", "keeper killed", "client killed",
                                       "client stands", "daemon stands",  "keeper stands", "broker away"};
    const std::size_t what = random(kNames.size());
    trail_ += std::string(kNames.at(what)) + ", ";
    switch (what) {
      case 0:
        return kill_daemon();
      case 1:
        return stop_daemon();
      case 2:
        return kill_keeper();
      case 3:
        return kill_host();
      case 4:
        return stop_and_continue(*hosts_[random(kHosts)].process, 500);
      case 5:
        return stop_and_continue(daemon_.process(), 500);
      case 6:
        return stop_and_continue(keeper_.process(), 500);
      default:
        return pause_a_broker();
    }
  }

  void expect_nothing_noticed() {
    for (const Host& host : hosts_) ASSERT_TRUE(host.process->running()) << host.process->errors() << trail_;
    for (const Side& side : sides_) ASSERT_EQ(side.follower->problem(), "") << side.name << "; " << trail_;
  }

  void expect_accounts_to_hold(Side& side, std::size_t index) {
    ASSERT_TRUE(wait_until([&] {
      const InstanceStatus status = daemon_.status(side.name);
      return status.waiting == 0 && status.clients == 0 && side.follower->arrived() >= status.accepted;
    })) << daemon_.log()
        << trail_;
    const InstanceStatus status = daemon_.status(side.name);
    EXPECT_EQ(status.accepted, side.follower->arrived());
    EXPECT_EQ(status.delivered, status.accepted);
    EXPECT_EQ(daemon_.audit(), "") << trail_;
    for (std::uint32_t host = 0; host < hosts_started_; ++host) {
      if (sides_of_[host] != index) continue;
      const SharedFile<Accounts> accounts(accounts_.file(std::to_string(host)));
      for (std::uint32_t thread = 0; thread < kThreads; ++thread) {
        const std::string by = std::to_string(host) + "/" + std::to_string(thread);
        EXPECT_GE(side.arrived_of(by), accounts->of_thread.at(thread).accepted) << by << trail_;
        EXPECT_LE(side.arrived_of(by), accounts->of_thread.at(thread).attempted) << by << trail_;
      }
    }
    std::cout << side.name << ": " << status.accepted << " events, " << side.follower->duplicates()
              << " came again" << std::endl;
    EXPECT_GT(status.accepted, 0U);
  }

  std::mt19937_64 random_{survival_seed()};
  std::array<Side, 2> sides_{Side("kafkaid"), Side("second")};
  Keeper keeper_;
  Daemon daemon_{section(sides_[0]) + section(sides_[1]), "", keeper_.environment()};
  TemporaryDirectory accounts_;
  std::array<Host, kHosts> hosts_;
  std::uint32_t hosts_started_ = 0;
  std::vector<std::size_t> sides_of_;  // of each host that was started
  std::string trail_ = "\nwhat happened: ";
};

TEST_F(EverythingAtOnce, NothingIsLost) {
  const std::chrono::seconds duration(std::max(amount(20), 5U));
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
    something();
    pass(200);
    ASSERT_NO_FATAL_FAILURE(expect_nothing_noticed());
  }
  for (const Host& host : hosts_) {
    host.process->signal(SIGKILL);
    host.process->wait();
  }
  std::cout << trail_ << hosts_started_ << " hosts in all" << std::endl;
  for (std::size_t index = 0; index < sides_.size(); ++index)
    ASSERT_NO_FATAL_FAILURE(expect_accounts_to_hold(sides_[index], index));
}

}  // namespace
}  // namespace ringpost::tests
