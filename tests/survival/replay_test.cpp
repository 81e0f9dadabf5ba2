// Dead letters are replayed and purged, while brokers and daemon go and come: each event arrives under the ringpost-id that it
// had at first, none is lost, and none is offered a second time.
#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <sstream>

#include <boost/json.hpp>

#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Ids = std::set<std::string>;

class Replay : public testing::Test {
 protected:
  explicit Replay(bool with_keeper = true)
      : daemon_(instance(kBoth), daemon_keys(),
                with_keeper ? keeper_.environment() : std::map<std::string, std::string>{}) {
    daemon_.wait_until_connected("kafkaid");
  }

  static constexpr const char* kBoth = R"("orders", "others")";
  static std::string daemon_keys() { return "stop_timeout = \"500ms\"\nsync_interval = \"20ms\"\n"; }
  std::string instance(const std::string& topics) const {
    return "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [" + topics +
           "]\nbuffer_size = \"8MiB\"\nlane_size = \"128KiB\"\nmax_event_size = \"16KiB\"\n";
  }

  void restart_with(const std::string& topics) {
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
    daemon_.configure(instance(topics), daemon_keys());
    daemon_.start();
  }

  static std::string key_of(std::uint64_t number) { return "key " + std::to_string(number % 7); }

  // What is published in an outage is dead once its topic is taken off the list. The broker is away at the end.
  void make_letters(std::uint64_t count, std::size_t padding_bytes = 10) {
    {
      Publisher publisher(daemon_.socket());
      ASSERT_EQ(publisher.publish_patiently({"kafkaid", "others", "\"first\"", "key", {}}), 0);
      daemon_.wait_until_delivered("kafkaid", 1);
      kafka_.stop_broker(1);
      for (std::uint64_t number = 0; number < count; ++number) {
        const std::string text = std::to_string(number);
        const std::string message = "[" + text + ",\"" + std::string(padding_bytes, 'x') + "\"]";
        ASSERT_EQ(
            publisher.publish_patiently({"kafkaid", "others", message, key_of(number), {{"number", text}}}),
            0)
            << ringpost_last_error_message();
      }
      ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == count + 1; }));
    }
    restart_with(R"("orders")");
    ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters == count; })) << daemon_.log();
    restart_with(kBoth);
    ids_ = listed();
    ASSERT_THAT(ids_, SizeIs(count));
  }

  Outcome ask(const std::string& what, std::vector<std::string> words = {}) const {
    std::vector<std::string> command{program("ringpost"), "dead-letters", what, "--config",
                                     daemon_.config_file()};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  }
  Ids listed(const std::string& state = "waiting") const {
    Ids ids;
    std::istringstream lines(ask("list", {"--json", "--state", state}).output);
    for (std::string line; std::getline(lines, line);)
      EXPECT_TRUE(ids.emplace(boost::json::parse(line).at("id").as_string()).second) << "twice: " << line;
    return ids;
  }

  void replay(std::vector<std::string> filters = {}) {
    const Outcome outcome = ask("replay", std::move(filters));
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors << daemon_.log();
  }

  void wait_until_nothing_waits() {
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; })) << daemon_.log();
  }

  // Each of the letters' events is in Kafka under its id, whole; how many copies there are of it is another matter.
  void expect_arrived(const Ids& ids) {
    Ids arrived;
    for (const Record& record : read_with_kcat(kafka_.brokers(), "others")) {
      const std::string id = record.header("ringpost-id").value_or("");
      if (record.message == "\"first\"") continue;
      ASSERT_TRUE(ids.contains(id)) << id << " is not the first one of " << record.message.substr(0, 20);
      const std::string number = record.header("number").value_or("");
      EXPECT_EQ(record.key, key_of(std::stoull(number)));
      EXPECT_TRUE(record.message.starts_with("[" + number + ",")) << record.message.substr(0, 20);
      arrived.insert(id);
    }
    EXPECT_EQ(arrived, ids);
    EXPECT_EQ(daemon_.audit(), "");
  }

  MockCluster kafka_{{"orders", "others"}, 4};
  Keeper keeper_;
  Daemon daemon_;
  Ids ids_;
};

TEST_F(Replay, LettersOfAnOutageArriveUnderTheirFirstIds) {
  ASSERT_NO_FATAL_FAILURE(make_letters(100));
  kafka_.start_broker(1);
  replay();
  wait_until_nothing_waits();
  expect_arrived(ids_);
  EXPECT_EQ(read_with_kcat(kafka_.brokers(), "others").size(), 101U);
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_EQ(listed("replayed"), ids_);
  const InstanceStatus status = daemon_.status("kafkaid");
  EXPECT_EQ(status.accepted, 201U);
  EXPECT_EQ(status.delivered, 101U);
  EXPECT_EQ(status.dead_letters, 100U);
  EXPECT_THAT(ask("replay").errors, HasSubstr("none that match"));
}

TEST_F(Replay, KilledInTheMiddleWithTheBrokerAway) {
  ASSERT_NO_FATAL_FAILURE(make_letters(100));
  replay();
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 100U);
  const Outcome again = ask("replay", {"--json"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.output, HasSubstr("\"being_replayed\""));
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 100U);
  EXPECT_EQ(ask("replay").status, 1) << "they are on their way still";
  EXPECT_EQ(listed(), ids_) << "until it has ended a replay can fail";
  kafka_.start_broker(1);
  for (std::uint32_t death = 0; death < amount(3); ++death) {
    wait_until([&] { return daemon_.status("kafkaid").delivered > 1; });
    daemon_.kill();
    daemon_.start();
  }
  wait_until_nothing_waits();
  expect_arrived(ids_);
  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_EQ(listed("replayed"), ids_);
}

TEST_F(Replay, MoreThanTheBufferHolds) {
  ASSERT_NO_FATAL_FAILURE(make_letters(2'000, 8'000));
  replay();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting_on_disk > 500; })) << daemon_.log();
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 2'000U);
  EXPECT_EQ(ask("replay", {"--id", *ids_.rbegin()}).status, 1) << "on its way still";
  kafka_.start_broker(1);
  wait_until_nothing_waits();
  expect_arrived(ids_);
  EXPECT_THAT(listed(), IsEmpty());
}

// The new letter has the event's first id, and it alone is waiting.
TEST_F(Replay, DeadAgain) {
  ASSERT_NO_FATAL_FAILURE(make_letters(50));
  for (int times = 0; times < 2; ++times) {
    replay();
    restart_with(R"("orders")");
    wait_until_nothing_waits();
    EXPECT_EQ(listed(), ids_);
    daemon_.kill();
    daemon_.start();
    EXPECT_EQ(listed(), ids_);
    const Outcome refused = ask("replay");
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.output, HasSubstr("0 of 50 are on their way again, 50 topic_not_allowed"));
    restart_with(kBoth);
  }
  kafka_.start_broker(1);
  replay();
  wait_until_nothing_waits();
  expect_arrived(ids_);
  EXPECT_THAT(listed(), IsEmpty());
}

TEST_F(Replay, AFilterNarrowsAndAPurgeIsForGood) {
  ASSERT_NO_FATAL_FAILURE(make_letters(10));
  const Outcome dry = ask("purge", {"--dry-run", "--json"});
  EXPECT_EQ(dry.status, 0);
  EXPECT_EQ(std::count(dry.output.begin(), dry.output.end(), '\n'), 10);
  EXPECT_EQ(listed(), ids_);
  EXPECT_THAT(ask("purge", {"--topic", "orders"}).errors, HasSubstr("none that match"));
  EXPECT_THAT(ask("purge", {"--reason", "timed_out"}).errors, HasSubstr("none that match"));
  EXPECT_THAT(ask("purge", {"--instance", "kafkaid", "--id", *ids_.begin()}).output,
              HasSubstr("1 of 1 purged"));
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(listed("purged"), Ids{*ids_.begin()});
  kafka_.start_broker(1);
  ids_.erase(ids_.begin());
  replay({"--topic", "oth*"});
  wait_until_nothing_waits();
  expect_arrived(ids_);
  EXPECT_THAT(listed(), IsEmpty());
}

class ReplayWithoutKeeper : public Replay {
 protected:
  ReplayWithoutKeeper() : Replay(false) {}
};

// What a stop puts on disk goes on as what it was; what a kill takes is waiting again.
TEST_F(ReplayWithoutKeeper, StopsAndKills) {
  {
    Publisher publisher(daemon_.socket());
    ASSERT_EQ(publisher.publish_patiently({"kafkaid", "others", "\"first\"", "key", {}}), 0);
  }
  ASSERT_NO_FATAL_FAILURE(daemon_.wait_until_delivered("kafkaid", 1));
  kafka_.stop_broker(1);
  {
    Publisher publisher(daemon_.socket());
    for (std::uint64_t number = 0; number < 20; ++number) {
      const std::string text = std::to_string(number);
      ASSERT_EQ(publisher.publish_patiently(
                    {"kafkaid", "others", "[" + text + ",\"\"]", key_of(number), {{"number", text}}}),
                0);
    }
  }
  restart_with(R"("orders")");
  ASSERT_TRUE(wait_until([&] { return (ids_ = listed()).size() == 20; })) << daemon_.log();
  kafka_.start_broker(1);
  restart_with(kBoth);
  daemon_.wait_until_connected("kafkaid");
  kafka_.stop_broker(1);
  replay();
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 0U);
  EXPECT_EQ(listed(), ids_);
  replay();
  restart_with(kBoth);
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 20U);
  EXPECT_EQ(ask("replay").status, 1) << "they are on their way";
  kafka_.start_broker(1);
  wait_until_nothing_waits();
  expect_arrived(ids_);
  EXPECT_THAT(listed(), IsEmpty());
}

}  // namespace
}  // namespace ringpost::tests
