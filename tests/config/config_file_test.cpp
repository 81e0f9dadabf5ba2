// What a good configuration gives, and what reading the file itself can meet.
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string all_of(const LoadResult& result) {
  std::string text;
  for (const ConfigProblem& problem : result.problems) {
    text += to_string(problem, "FILE") + '\n';
  }
  return text;
}

constexpr std::string_view kSmallest = R"([instance.kafkaid]
brokers = ["broker1:9093"]
topics = ["*"]
)";

TEST(Config, TheSmallestHasEveryDefault) {
  const LoadResult result = parse(kSmallest);
  ASSERT_TRUE(result.config) << all_of(result);
  Config expected;
  expected.instances.resize(1);
  expected.instances[0].name = "kafkaid";
  expected.instances[0].brokers = {"broker1:9093"};
  expected.instances[0].topics = {"*"};
  EXPECT_EQ(*result.config, expected);
  EXPECT_EQ(expected.daemon.socket, "/run/ringpost/ringpost.sock");
  EXPECT_EQ(expected.daemon.state_dir, "/var/lib/ringpost");
  EXPECT_EQ(expected.instances[0].send_timeout.count(), 0);
  EXPECT_TRUE(expected.instances[0].allow.everybody());
}

constexpr std::string_view kFull = R"(# every key
[daemon]
enabled = true
socket = "/tmp/ringpost/r.sock"
log = "stderr"
log_level = "debug"
stop_timeout = "30s"
state_dir = "/srv/ringpost//"
sync = "always"
sync_interval = "250ms"
clients_max = 500
clients_per_user_max = 400

[instance.crm]
enabled = false
brokers = "embedded"
partitions = 7
topics = ["orders", "crm.*"]
send_timeout = "30s"
linger = "20ms"
when_disconnected = "reject"
reject_after = "10s"
buffer_size = "64MiB"
lane_size = "1MiB"
lanes_per_client_max = 8
max_event_size = "512KiB"
spool = "20GiB"
event_id = false
allow = { users = ["root", 1234], groups = ["root", 5] }

[instance.crm.dead_letters]
size = "2GiB"
age = "90d"

[instance.crm.topic."crm.*"]
send_timeout = "7d"
[instance.crm.topic.orders]
send_timeout = "0"

[instance.crm.librdkafka]
"security.protocol" = "sasl_plaintext"
"sasl.mechanism" = "PLAIN"
sasl.username = "crm"
"sasl.password" = "secret"
socket.keepalive.enable = true
"batch.size" = 65536

[instance.a]
brokers = ["b1:9092", "10.0.0.1:9093", "[::1]:9094"]
topics = ["*"]
)";

TEST(Config, EveryKeyIsRead) {
  const LoadResult result = parse(kFull);
  ASSERT_TRUE(result.config) << all_of(result);
  const DaemonConfig& daemon = result.config->daemon;
  EXPECT_EQ(daemon.socket, "/tmp/ringpost/r.sock");
  EXPECT_EQ(daemon.log, LogTarget::kStderr);
  EXPECT_EQ(daemon.log_level, LogLevel::kDebug);
  EXPECT_EQ(daemon.stop_timeout, milliseconds(30'000));
  EXPECT_EQ(daemon.state_dir, "/srv/ringpost");
  EXPECT_EQ(daemon.sync, SyncPolicy::kAlways);
  EXPECT_EQ(daemon.sync_interval, milliseconds(250));
  EXPECT_EQ(daemon.clients_max, 500U);
  EXPECT_EQ(daemon.clients_per_user_max, 400U);

  ASSERT_EQ(result.config->instances.size(), 2U);
  EXPECT_EQ(result.config->instances[0].name, "a") << "instances are in the order of their names";
  EXPECT_THAT(result.config->instances[0].brokers, ElementsAre("b1:9092", "10.0.0.1:9093", "[::1]:9094"));

  const InstanceConfig& crm = result.config->instances[1];
  EXPECT_FALSE(crm.enabled);
  EXPECT_TRUE(crm.embedded);
  EXPECT_THAT(crm.brokers, IsEmpty());
  EXPECT_EQ(crm.embedded_partitions, 7);
  EXPECT_THAT(crm.topics, ElementsAre("orders", "crm.*"));
  EXPECT_EQ(crm.send_timeout, milliseconds(30'000));
  EXPECT_EQ(crm.linger, milliseconds(20));
  EXPECT_EQ(crm.when_disconnected, WhenDisconnected::kReject);
  EXPECT_EQ(crm.reject_after, milliseconds(10'000));
  EXPECT_EQ(crm.buffer_size_bytes, 64 * kMiB);
  EXPECT_EQ(crm.lane_size_bytes, kMiB);
  EXPECT_EQ(crm.lanes_per_client_max, 8U);
  EXPECT_EQ(crm.max_event_size_bytes, 512 * kKiB);
  EXPECT_EQ(crm.spool_bytes, 20 * kGiB);
  EXPECT_EQ(crm.dead_letters.size_bytes, 2 * kGiB);
  EXPECT_EQ(crm.dead_letters.age, std::chrono::hours(90 * 24));
  EXPECT_THAT(crm.topic_rules, ElementsAre(Pair("crm.*", TopicConfig{std::chrono::hours(7 * 24)}),
                                           Pair("orders", TopicConfig{milliseconds(0)})));
  EXPECT_FALSE(crm.event_id);
  EXPECT_THAT(crm.allow.user_ids, ElementsAre(getpwnam("root")->pw_uid, 1234U));
  EXPECT_THAT(crm.allow.group_ids, ElementsAre(getgrnam("root")->gr_gid, 5U));
  EXPECT_THAT(crm.librdkafka, ElementsAre(Pair("batch.size", "65536"), Pair("sasl.mechanism", "PLAIN"),
                                          Pair("sasl.password", "secret"), Pair("sasl.username", "crm"),
                                          Pair("security.protocol", "sasl_plaintext"),
                                          Pair("socket.keepalive.enable", "true")));
}

TEST(Config, ADeploymentThatIsSwitchedOffSwitchesEveryInstanceOff) {
  const LoadResult result = parse("[daemon]\nenabled = false\n" + std::string(kSmallest));
  ASSERT_TRUE(result.config) << all_of(result);
  EXPECT_FALSE(result.config->daemon.enabled);
  EXPECT_FALSE(result.config->instances[0].enabled);
}

TEST(Config, TheLargestEventFollowsASmallLane) {
  const LoadResult result = parse(std::string(kSmallest) + "lane_size = \"64KiB\"\n");
  ASSERT_TRUE(result.config) << all_of(result);
  EXPECT_EQ(result.config->instances[0].max_event_size_bytes, 32 * kKiB);
}

TEST(Config, FewClientsMeanFewClientsAUser) {
  const LoadResult result = parse("[daemon]\nclients_max = 3\n" + std::string(kSmallest));
  ASSERT_TRUE(result.config) << all_of(result);
  EXPECT_EQ(result.config->daemon.clients_per_user_max, 3U);
}

TEST(Config, TopicsAreNamesAndPrefixes) {
  InstanceConfig instance;
  instance.topics = {"orders", "crm.*"};
  EXPECT_TRUE(topic_is_listed(instance, "orders"));
  EXPECT_TRUE(topic_is_listed(instance, "crm.status"));
  EXPECT_TRUE(topic_is_listed(instance, "crm."));
  EXPECT_FALSE(topic_is_listed(instance, "orders2"));
  EXPECT_FALSE(topic_is_listed(instance, "order"));
  EXPECT_FALSE(topic_is_listed(instance, "crm"));
  EXPECT_FALSE(topic_is_listed(instance, ""));
  instance.topics = {"*"};
  EXPECT_TRUE(topic_is_listed(instance, "anything"));
}

TEST(Config, ZeroSwitchesTheSpoolOffAndTheAgeOfDeadLetters) {
  for (const std::string_view zero : {"0", "0B"}) {
    const LoadResult result = parse(std::string(kSmallest) + "spool = \"" + std::string(zero) + "\"\n");
    ASSERT_TRUE(result.config) << all_of(result);
    EXPECT_EQ(result.config->instances[0].spool_bytes, 0U);
  }
  const LoadResult result = parse(std::string(kSmallest) + "dead_letters = { age = \"0\" }\n");
  ASSERT_TRUE(result.config) << all_of(result);
  EXPECT_EQ(result.config->instances[0].dead_letters.age.count(), 0);
  EXPECT_EQ(result.config->instances[0].dead_letters.size_bytes, kDeadLettersSizeDefaultBytes);
}

TEST(Config, ATopicsOwnRuleGoesBeforeTheLongestPrefixAndThatBeforeTheInstance) {
  InstanceConfig instance;
  instance.send_timeout = milliseconds(1);
  EXPECT_EQ(send_timeout_of(instance, "crm.status"), milliseconds(1));
  instance.topic_rules = {{"crm.*", {milliseconds(2)}},
                          {"crm.s*", {milliseconds(3)}},
                          {"crm.status", {milliseconds(0)}},
                          {"orders", {milliseconds(5)}}};
  EXPECT_EQ(send_timeout_of(instance, "crm.status"), milliseconds(0)) << "never is a rule, too";
  EXPECT_EQ(send_timeout_of(instance, "crm.status2"), milliseconds(3));
  EXPECT_EQ(send_timeout_of(instance, "crm.s"), milliseconds(3));
  EXPECT_EQ(send_timeout_of(instance, "crm.x"), milliseconds(2));
  EXPECT_EQ(send_timeout_of(instance, "crm."), milliseconds(2));
  EXPECT_EQ(send_timeout_of(instance, "crm"), milliseconds(1));
  EXPECT_EQ(send_timeout_of(instance, "orders2"), milliseconds(1));
  instance.topic_rules.emplace("*", TopicConfig{milliseconds(4)});
  EXPECT_EQ(send_timeout_of(instance, "orders2"), milliseconds(4));
  EXPECT_EQ(send_timeout_of(instance, "crm.x"), milliseconds(2));
}

TEST(Config, ATopicsRuleMayBeAnythingThatTheTopicsAllow) {
  const auto allows = [](std::string_view topics, std::string_view rule) {
    return parse("[instance.a]\nbrokers = \"embedded\"\ntopics = [" + std::string(topics) +
                 "]\n[instance.a.topic.\"" + std::string(rule) + "\"]\nsend_timeout = \"1s\"\n")
        .config.has_value();
  };
  EXPECT_TRUE(allows(R"("*")", "orders"));
  EXPECT_TRUE(allows(R"("*")", "*"));
  EXPECT_TRUE(allows(R"("orders")", "*"));
  EXPECT_TRUE(allows(R"("orders")", "ord*"));
  EXPECT_TRUE(allows(R"("crm.*")", "crm.status"));
  EXPECT_TRUE(allows(R"("crm.*")", "crm.s*"));
  EXPECT_TRUE(allows(R"("crm.*")", "c*"));
  EXPECT_FALSE(allows(R"("crm.*")", "crm"));
  EXPECT_FALSE(allows(R"("crm.*", "orders")", "x*"));
  EXPECT_FALSE(allows(R"("orders")", "orders.*"));
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ringpost-config-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~ConfigFile() override { std::filesystem::remove_all(directory_); }

  std::string write(std::string_view text) const {
    std::string path = directory_ / "ringpost.toml";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(ConfigFile, IsReadWhole) {
  const std::string path = write(kFull);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read);  // it holds a secret
  const LoadResult result = load(path);
  ASSERT_TRUE(result.config) << all_of(result);
  EXPECT_EQ(*result.config, *parse(kFull).config);
}

TEST_F(ConfigFile, ThatIsMissingIsAProblemWithoutALine) {
  const std::string path = directory_ / "missing.toml";
  const LoadResult result = load(path);
  EXPECT_FALSE(result.config);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(to_string(result.problems[0], path), path + ": can't be opened: No such file or directory");
}

TEST_F(ConfigFile, ThatIsADirectoryIsAProblem) {
  const LoadResult result = load(directory_.string());
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].text, "can't be read: Is a directory");
}

TEST_F(ConfigFile, ThatIsTooLargeIsAProblem) {
  const LoadResult result = load(write(std::string(kFileMaxBytes + 1, '#')));
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_THAT(result.problems[0].text, HasSubstr("more than 4MiB"));
}

}  // namespace
}  // namespace ringpost::daemon
