// Each kind of mistake with its line, its column, its key and what the message says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::vector<std::string> lines_of(const LoadResult& result) {
  std::vector<std::string> lines;
  for (const ConfigProblem& problem : result.problems) {
    lines.push_back(to_string(problem, "F"));
  }
  return lines;
}

struct Mistake {
  std::string_view name;
  std::string_view text;
  std::string_view message;  // the only problem's
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsReportedOnceWhereItStands) {
  const LoadResult result = parse(GetParam().text);
  EXPECT_FALSE(result.config);
  EXPECT_THAT(lines_of(result), ElementsAre(std::string(GetParam().message)));
}

// A whole configuration, with the mistake in line 4 (of an instance) or 5 (of the daemon).
#define INSTANCE_WITH(line) "[instance.kafkaid]\nbrokers = [\"b:9092\"]\ntopics = [\"*\"]\n" line "\n"
#define DAEMON_WITH(line) "[instance.kafkaid]\nbrokers = [\"b:9092\"]\ntopics = [\"*\"]\n[daemon]\n" line "\n"

constexpr Mistake kFileMistakes[] = {
    {"Syntax", "[daemon\nlog = 1",
     "F:1:8: not TOML: Error while parsing table header: expected ']', saw '\\n'"},
    {"DuplicateKey", INSTANCE_WITH("linger = \"1ms\"\nlinger = \"2ms\""),
     "F:5:10: not TOML: Error while parsing key-value pair: cannot redefine existing string 'linger'"},
    {"Empty", "",
     "F:1:1: instance: is missing; expected at least one section [instance.NAME] with brokers and topics"},
    {"InstanceEmpty", "[instance]\n",
     "F:1:1: instance: is missing; expected at least one section [instance.NAME] with brokers and topics"},
    {"InstanceNotATable", "instance = 1\n",
     "F:1:12: instance: is an integer; expected a table: [instance.NAME]"},
    {"InstanceWithoutName", "[instance]\nkafkaid = \"x\"\n",
     "F:2:11: instance.kafkaid: is a string; an instance is a section of its own, [instance.NAME]"},
    {"NearSection", INSTANCE_WITH("[deamon]"),
     "F:4:2: deamon: is not a key that ringpost knows; did you mean 'daemon'?"},
    {"UnknownSection", INSTANCE_WITH("[metrics]"),
     "F:4:2: metrics: is not a key that ringpost knows; known here: daemon, instance"},
    {"KeyOutsideItsSection", "socket = \"/run/x\"\n" INSTANCE_WITH(""),
     "F:1:1: socket: is not a key that ringpost knows here; it belongs under [daemon]"},
    {"BrokersMissing", "[instance.kafkaid]\ntopics = [\"*\"]\n",
     "F:1:1: instance.kafkaid.brokers: is missing; expected a list such as [\"broker1:9092\"], or "
     "\"embedded\""},
    {"TopicsMissing", "\n\n  [instance.kafkaid]\n  brokers = \"embedded\"\n",
     "F:3:3: instance.kafkaid.topics: is missing; expected a list such as [\"orders\", \"crm.*\"], or "
     "[\"*\"] for every "
     "topic"},
    {"InstanceName", "[instance.Kafka-Id]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n",
     "F:1:11: instance.Kafka-Id: is not an instance name: expected 1 to 64 characters of a-z and 0-9; did "
     "you mean "
     "'kafkaid'?"},
    {"InstanceNameEmpty", "[instance.\"\"]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n",
     "F:1:11: instance.\"\": is not an instance name: expected 1 to 64 characters of a-z and 0-9"},
    {"InstanceNameControl", "[instance.\"\\u001b\"]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n",
     "F:1:11: instance.\"\\u001b\": is not an instance name: expected 1 to 64 characters of a-z and 0-9"},
};

constexpr Mistake kDaemonMistakes[] = {
    {"UnknownKey", DAEMON_WITH("http = \"127.0.0.1:9464\""),
     "F:5:1: daemon.http: is not a key that ringpost knows; known here: clients_max, clients_per_user_max, "
     "daemon_grace, enabled, lane_memory_max, lane_memory_per_user_max, log, log_level, socket, state_dir, "
     "stop_timeout, sync, sync_interval"},
    {"NearKey", DAEMON_WITH("  sokcet = \"/x\""),
     "F:5:3: daemon.sokcet: is not a key that ringpost knows; did you mean 'socket'?"},
    {"KeyOfAnInstance", DAEMON_WITH("brokers = []"),
     "F:5:1: daemon.brokers: is not a key that ringpost knows here; it belongs under [instance.NAME]"},
    {"EnabledType", DAEMON_WITH("enabled = \"yes\""),
     "F:5:11: daemon.enabled: is \"yes\"; expected true or false (without quotes)"},
    {"SocketType", DAEMON_WITH("socket = 5"), "F:5:10: daemon.socket: is 5; expected a string in quotes"},
    {"SocketRelative", DAEMON_WITH("socket = \"run/x\""),
     "F:5:10: daemon.socket: is \"run/x\"; must be an absolute path"},
    {"SocketDirectory", DAEMON_WITH("socket = \"/run/\""),
     "F:5:10: daemon.socket: is \"/run/\"; must be the path of a file"},
    {"SocketNul", DAEMON_WITH("socket = \"/run/a\\u0000b\""),
     "F:5:10: daemon.socket: is \"/run/a\\u0000b\"; must be the path of a file"},
    {"SocketLong",
     DAEMON_WITH("socket = "
                 "\"/1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678"
                 "90123456789012345678\""),
     "F:5:10: daemon.socket: has 109 bytes; a socket's path has at most 107"},
    {"Log", DAEMON_WITH("log = \"syslog\""),
     "F:5:7: daemon.log: is \"syslog\"; expected one of \"auto\", \"journald\", \"stderr\""},
    {"LogLevel", DAEMON_WITH("log_level = \"warn\""),
     "F:5:13: daemon.log_level: is \"warn\"; expected one of \"debug\", \"info\", \"warning\", \"error\""},
    {"StopTimeoutNumber", DAEMON_WITH("stop_timeout = 10"),
     "F:5:16: daemon.stop_timeout: is 10; expected a duration such as \"500ms\", \"30s\", \"5min\" or "
     "\"1h\"; a number "
     "needs its unit: \"10ms\" or \"10s\""},
    {"StopTimeoutRange", DAEMON_WITH("stop_timeout = \"11min\""),
     "F:5:16: daemon.stop_timeout: is \"11min\"; must be at least 0s and at most 10min"},
    {"ClientsRange", DAEMON_WITH("clients_max = 0"),
     "F:5:15: daemon.clients_max: is 0; expected an integer from 1 to 10000"},
    {"ClientsType", DAEMON_WITH("clients_max = 1.5"),
     "F:5:15: daemon.clients_max: is a floating-point number; expected an integer from 1 to 10000"},
    {"StateDirRelative", DAEMON_WITH("state_dir = \"state\""),
     "F:5:13: daemon.state_dir: is \"state\"; must be an absolute path"},
    {"StateDirRoot", DAEMON_WITH("state_dir = \"//\""),
     "F:5:13: daemon.state_dir: is \"//\"; must be the path of a folder of its own, such as "
     "\"/var/lib/ringpost\""},
    {"StateDirNul", DAEMON_WITH("state_dir = \"/a\\u0000b\""),
     "F:5:13: daemon.state_dir: is \"/a\\u0000b\"; must be the path of a folder of its own, such as "
     "\"/var/lib/ringpost\""},
    {"StateDirType", DAEMON_WITH("state_dir = true"),
     "F:5:13: daemon.state_dir: is a boolean; expected a string in quotes"},
    {"Sync", DAEMON_WITH("sync = \"sometimes\""),
     "F:5:8: daemon.sync: is \"sometimes\"; expected one of \"always\", \"interval\", \"never\""},
    {"SyncInterval", DAEMON_WITH("sync_interval = \"0\""),
     "F:5:17: daemon.sync_interval: is \"0\"; must be at least 10ms and at most 1min"},
    {"SpoolOfAnInstance", DAEMON_WITH("spool = \"1GiB\""),
     "F:5:1: daemon.spool: is not a key that ringpost knows here; it belongs under [instance.NAME]"},
    {"LaneMemoryPerUser", DAEMON_WITH("lane_memory_max = \"1MiB\"\nlane_memory_per_user_max = \"2MiB\""),
     "F:6:28: daemon.lane_memory_per_user_max: is \"2MiB\", more than lane_memory_max (\"1MiB\")"},
    {"ClientsPerUser", DAEMON_WITH("clients_max = 10\nclients_per_user_max = 11"),
     "F:6:24: daemon.clients_per_user_max: is 11, more than clients_max (10)"},
};

constexpr Mistake kInstanceMistakes[] = {
    {"NearKey", INSTANCE_WITH("send-timeout = \"1s\""),
     "F:4:1: instance.kafkaid.send-timeout: is not a key that ringpost knows; did you mean 'send_timeout'?"},
    {"KeyOfTheDaemon", INSTANCE_WITH("log = \"auto\""),
     "F:4:1: instance.kafkaid.log: is not a key that ringpost knows here; it belongs under [daemon]"},
    {"SendTimeoutRange", INSTANCE_WITH("send_timeout = \"99ms\""),
     "F:4:16: instance.kafkaid.send_timeout: is \"99ms\"; must be at least 100ms and at most 7d, or \"0s\" "
     "for never"},
    {"SendTimeoutForm", INSTANCE_WITH("send_timeout = \"30 s\""),
     "F:4:16: instance.kafkaid.send_timeout: is \"30 s\"; expected a duration such as \"500ms\", \"30s\", "
     "\"5min\" or \"1h\""},
    {"Linger", INSTANCE_WITH("linger = \"2s\""),
     "F:4:10: instance.kafkaid.linger: is \"2s\"; must be at least 0s and at most 1s"},
    {"RejectAfter", INSTANCE_WITH("reject_after = \"2h\""),
     "F:4:16: instance.kafkaid.reject_after: is \"2h\"; must be at least 0s and at most 1h"},
    {"WhenDisconnected", INSTANCE_WITH("when_disconnected = \"drop\""),
     "F:4:21: instance.kafkaid.when_disconnected: is \"drop\"; expected one of \"buffer\", \"reject\""},
    {"PartitionsWithBrokers", INSTANCE_WITH("partitions = 3"),
     "F:4:14: instance.kafkaid.partitions: has a meaning only with brokers = \"embedded\"; a cluster's own "
     "administrator "
     "sets its topics' partitions"},
    {"LanePower", INSTANCE_WITH("lane_size = \"3MiB\""),
     "F:4:13: instance.kafkaid.lane_size: is \"3MiB\"; must be a power of two: \"2MiB\" or \"4MiB\""},
    {"LaneRange", INSTANCE_WITH("lane_size = \"512MiB\""),
     "F:4:13: instance.kafkaid.lane_size: is \"512MiB\"; must be at least 64KiB and at most 256MiB"},
    {"LaneUnit", INSTANCE_WITH("lane_size = \"4MB\""),
     "F:4:13: instance.kafkaid.lane_size: is \"4MB\"; expected a size such as \"64KiB\", \"4MiB\" or "
     "\"1GiB\"; did you "
     "mean \"4MiB\"?"},
    {"LaneNumber", INSTANCE_WITH("lane_size = 65536"),
     "F:4:13: instance.kafkaid.lane_size: is 65536; expected a size such as \"64KiB\", \"4MiB\" or \"1GiB\"; "
     "a number "
     "needs its unit: \"65536B\""},
    {"LanesPerClient", INSTANCE_WITH("lanes_per_client_max = 65"),
     "F:4:24: instance.kafkaid.lanes_per_client_max: is 65; expected an integer from 1 to 64"},
    {"BufferRange", INSTANCE_WITH("buffer_size = \"1KiB\""),
     "F:4:15: instance.kafkaid.buffer_size: is \"1KiB\"; must be at least 1MiB and at most 64GiB"},
    {"BufferSmallerThanLanes", INSTANCE_WITH("buffer_size = \"8MiB\""),
     "F:4:15: instance.kafkaid.buffer_size: makes the buffer \"8MiB\", less than 4 lanes of \"4MiB\"; "
     "buffer_size must be "
     "at least \"16MiB\" then"},
    {"LaneTooLargeForTheBuffer", INSTANCE_WITH("lane_size = \"128MiB\""),
     "F:4:13: instance.kafkaid.lane_size: makes the buffer \"256MiB\", less than 4 lanes of \"128MiB\"; "
     "buffer_size must "
     "be at least \"512MiB\" then"},
    {"EventLargerThanHalfALane", INSTANCE_WITH("max_event_size = \"3MiB\""),
     "F:4:18: instance.kafkaid.max_event_size: is \"3MiB\"; must be at most half of lane_size (\"4MiB\")"},
    {"EventRange", INSTANCE_WITH("max_event_size = \"1GiB\""),
     "F:4:18: instance.kafkaid.max_event_size: is \"1GiB\"; must be at least 1KiB and at most 64MiB"},
    {"StateDirOfTheDaemon", INSTANCE_WITH("state_dir = \"/x\""),
     "F:4:1: instance.kafkaid.state_dir: is not a key that ringpost knows here; it belongs under [daemon]"},
    {"SpoolRange", INSTANCE_WITH("spool = \"1MiB\""),
     "F:4:9: instance.kafkaid.spool: is \"1MiB\"; must be at least 16MiB and at most 1TiB, or \"0\" for "
     "none"},
    {"SpoolUnit", INSTANCE_WITH("spool = \"2TB\""),
     "F:4:9: instance.kafkaid.spool: is \"2TB\"; expected a size such as \"64KiB\", \"4MiB\" or \"1GiB\"; "
     "did you "
     "mean \"2TiB\"?"},
    {"SpoolNumber", INSTANCE_WITH("spool = 0"),
     "F:4:9: instance.kafkaid.spool: is 0; expected a size such as \"64KiB\", \"4MiB\" or \"1GiB\"; a number "
     "needs "
     "its unit: \"0B\""},
    {"SpoolForLessThanTwoEvents",
     INSTANCE_WITH("lane_size = \"64MiB\"\nmax_event_size = \"32MiB\"\nspool = \"63MiB\""),
     "F:6:9: instance.kafkaid.spool: is \"63MiB\"; must be at least twice max_event_size: \"64MiB\""},
    {"DeadLettersType", INSTANCE_WITH("dead_letters = \"1GiB\""),
     "F:4:16: instance.kafkaid.dead_letters: is a string; expected a table: { size = \"256MiB\", age = "
     "\"30d\" }"},
    {"DeadLettersKey", INSTANCE_WITH("dead_letters = { bytes = \"1GiB\" }"),
     "F:4:18: instance.kafkaid.dead_letters.bytes: is not a key that ringpost knows; known here: age, size"},
    {"DeadLettersSize", INSTANCE_WITH("dead_letters = { size = \"0\" }"),
     "F:4:25: instance.kafkaid.dead_letters.size: is \"0\"; must be at least 1MiB and at most 1TiB"},
    {"DeadLettersAge", INSTANCE_WITH("dead_letters = { age = \"11s\" }"),
     "F:4:24: instance.kafkaid.dead_letters.age: is \"11s\"; must be at least 1min and at most 3650d, or "
     "\"0s\" for no "
     "limit"},
    {"DeadLettersForLessThanAnEvent",
     INSTANCE_WITH("max_event_size = \"2MiB\"\ndead_letters = { size = \"1MiB\" }"),
     "F:5:16: instance.kafkaid.dead_letters: keeps \"1MiB\", less than one event of max_event_size "
     "(\"2MiB\")"},
    {"EventId", INSTANCE_WITH("event_id = 1"),
     "F:4:12: instance.kafkaid.event_id: is 1; expected true or false (without quotes)"},
    {"AllowType", INSTANCE_WITH("allow = [\"scripts\"]"),
     "F:4:9: instance.kafkaid.allow: is a list; expected a table: { users = [\"scripts\"], groups = "
     "[\"crm\"] }"},
    {"AllowEmpty", INSTANCE_WITH("allow = {}"),
     "F:4:9: instance.kafkaid.allow: is empty; expected users or groups, or no allow to let everybody "
     "publish"},
    {"AllowUnknownKey", INSTANCE_WITH("allow = { user = [\"root\"] }"),
     "F:4:11: instance.kafkaid.allow.user: is not a key that ringpost knows; did you mean 'users'?"},
    {"AllowNobody", INSTANCE_WITH("allow = { users = [] }"),
     "F:4:19: instance.kafkaid.allow.users: is empty; leave it out, or all of allow to let everybody "
     "publish"},
    {"AllowUnknownUser", INSTANCE_WITH("allow = { users = [\"root\", \"nosuchuser\"] }"),
     "F:4:28: instance.kafkaid.allow.users: there is no user \"nosuchuser\" on this machine"},
    {"AllowUnknownGroup", INSTANCE_WITH("allow = { groups = [\"nosuchgroup\"] }"),
     "F:4:21: instance.kafkaid.allow.groups: there is no group \"nosuchgroup\" on this machine"},
    {"AllowOverflowId", INSTANCE_WITH("allow = { users = [65534] }"),
     "F:4:20: instance.kafkaid.allow.users: 65534 stands for everybody of another user namespace; it is "
     "never allowed"},
    {"AllowNegativeId", INSTANCE_WITH("allow = { users = [-1] }"),
     "F:4:20: instance.kafkaid.allow.users: holds an integer; expected names, or numeric ids without quotes"},
    {"AllowNotAList", INSTANCE_WITH("allow = { users = \"root\" }"),
     "F:4:19: instance.kafkaid.allow.users: is \"root\"; expected a list such as [\"scripts\"]"},
};

constexpr Mistake kPropertyMistakes[] = {
    {"Fixed", INSTANCE_WITH("[instance.kafkaid.librdkafka]\n\"enable.idempotence\" = false"),
     "F:5:1: instance.kafkaid.librdkafka.\"enable.idempotence\": is fixed to true: no reordering and no "
     "duplicates across "
     "librdkafka's own retries; remove it from the instance's librdkafka table"},
    {"FixedUnderItsOtherName", INSTANCE_WITH("librdkafka = { \"request.required.acks\" = 1 }"),
     "F:4:16: instance.kafkaid.librdkafka.\"request.required.acks\": is fixed to all: an acknowledged event "
     "survives the "
     "loss of a broker; remove it from the instance's librdkafka table"},
    {"Refused", INSTANCE_WITH("librdkafka = { \"security.protocol\" = \"tls\" }"),
     "F:4:16: instance.kafkaid.librdkafka.\"security.protocol\": Invalid value \"tls\" for configuration "
     "property "
     "\"security.protocol\""},
    {"OutOfRange", INSTANCE_WITH("librdkafka = { \"batch.size\" = 0 }"),
     "F:4:16: instance.kafkaid.librdkafka.\"batch.size\": Configuration property \"batch.size\" value 0 is "
     "outside allowed "
     "range 1..2147483647\n"},
    {"RefusedTogether",
     INSTANCE_WITH("librdkafka = { security.protocol = \"sasl_plaintext\", sasl.mechanism = \"PLAIN\" }"),
     "F:4:14: instance.kafkaid.librdkafka: librdkafka refuses these properties: sasl.username and "
     "sasl.password must be set"},
    {"OwnedHasAKey", INSTANCE_WITH("librdkafka = { \"message.timeout.ms\" = 5 }"),
     "F:4:16: instance.kafkaid.librdkafka.\"message.timeout.ms\": is set by Ringpost: use the instance's key "
     "'send_timeout'"},
    {"OwnedWithoutQuotes", INSTANCE_WITH("librdkafka.bootstrap.servers = \"b:1\""),
     "F:4:22: instance.kafkaid.librdkafka.\"bootstrap.servers\": is set by Ringpost: use the instance's key "
     "'brokers'"},
    {"Type", INSTANCE_WITH("librdkafka = { \"ssl.key.password\" = [\"secret\"] }"),
     "F:4:37: instance.kafkaid.librdkafka.\"ssl.key.password\": is a list; expected a string, an integer or "
     "a boolean"},
    {"Nul", INSTANCE_WITH("librdkafka = { \"sasl.password\" = \"se\\u0000cret\" }"),
     "F:4:34: instance.kafkaid.librdkafka.\"sasl.password\": holds a NUL character"},
    {"Twice",
     INSTANCE_WITH("[instance.kafkaid.librdkafka]\n\"sasl.mechanism\" = \"PLAIN\"\nsasl.mechanism = \"X\""),
     "F:5:1: instance.kafkaid.librdkafka.\"sasl.mechanism\": stands there twice, once with quotes and once "
     "without"},
    {"NotATable", INSTANCE_WITH("librdkafka = \"x\""),
     "F:4:14: instance.kafkaid.librdkafka: is a string; expected a table: { \"security.protocol\" = \"ssl\" "
     "}"},
};

std::string name_of(const testing::TestParamInfo<Mistake>& info) { return std::string(info.param.name); }

INSTANTIATE_TEST_SUITE_P(File, ConfigMistake, testing::ValuesIn(kFileMistakes), name_of);
INSTANTIATE_TEST_SUITE_P(Daemon, ConfigMistake, testing::ValuesIn(kDaemonMistakes), name_of);
INSTANTIATE_TEST_SUITE_P(Instance, ConfigMistake, testing::ValuesIn(kInstanceMistakes), name_of);
INSTANTIATE_TEST_SUITE_P(Property, ConfigMistake, testing::ValuesIn(kPropertyMistakes), name_of);

TEST(ConfigProblems, AStateDirsPathHasABound) {
  const auto problems_of = [](std::size_t bytes) {
    return parse("[daemon]\nstate_dir = \"/" + std::string(bytes - 1, 'x') + "\"\n" + INSTANCE_WITH(""))
        .problems;
  };
  EXPECT_EQ(problems_of(kStateDirMaxBytes).size(), 0U);
  ASSERT_EQ(problems_of(kStateDirMaxBytes + 1).size(), 1U);
  EXPECT_EQ(problems_of(kStateDirMaxBytes + 1)[0].text,
            "has 3841 bytes; a state_dir's path has at most 3840");
}

TEST(ConfigProblems, BrokersAreCheckedOneByOne) {
  const LoadResult result = parse(R"([instance.a]
topics = ["*"]
brokers = [
  "broker1",
  "broker1:0",
  "broker1:65536",
  "broker1:9092x",
  ":9092",
  "ssl://broker1:9092",
  "b1:9092,b2:9092",
  "::1:9092",
  "[::1]",
  "[::g]:9092",
  "[::1]:x",
  "bro ker:9092",
  "good:9092",
  "good:9092",
  9092,
]
)");
  const std::string at = "instance.a.brokers: ";
  EXPECT_THAT(
      lines_of(result),
      ElementsAre(
          "F:4:3: " + at + R"("broker1" has no port; expected "host:port", for example "broker1:9092")",
          "F:5:3: " + at + R"("broker1:0": the port must be a number from 1 to 65535)",
          "F:6:3: " + at + R"("broker1:65536": the port must be a number from 1 to 65535)",
          "F:7:3: " + at + R"("broker1:9092x": the port must be a number from 1 to 65535)",
          "F:8:3: " + at + R"(":9092" is not a host name with a port; expected "host:port")",
          "F:9:3: " + at +
              R"("ssl://broker1:9092" has a protocol in front; expected "host:port", and security.protocol )"
              "under librdkafka",
          "F:10:3: " + at + R"("b1:9092,b2:9092" holds a comma; write one broker an element)",
          "F:11:3: " + at +
              R"("::1:9092" has more than one colon; an IPv6 address is written "[address]:port")",
          "F:12:3: " + at + R"(an IPv6 address is written "[address]:port")",
          "F:13:3: " + at + R"("::g" is not an IPv6 address)",
          "F:14:3: " + at + "the port must be a number from 1 to 65535",
          "F:15:3: " + at + R"("bro ker:9092" is not a host name with a port; expected "host:port")",
          "F:17:3: " + at + R"("good:9092" stands there twice)",
          "F:18:3: " + at + "holds an integer; expected strings in quotes"));
}

TEST(ConfigProblems, BrokersAreAListOrEmbedded) {
  for (const std::string_view value : {"\"broker1:9092\"", "5", "{}", "true"}) {
    const LoadResult result = parse("[instance.a]\ntopics = [\"*\"]\nbrokers = " + std::string(value) + "\n");
    ASSERT_EQ(result.problems.size(), 1U) << value;
    EXPECT_THAT(result.problems[0].text,
                HasSubstr(R"(expected a list such as ["broker1:9092"], or "embedded")"));
  }
  EXPECT_THAT(
      lines_of(parse("[instance.a]\ntopics = [\"*\"]\nbrokers = []\n")),
      ElementsAre(
          "F:3:11: instance.a.brokers: has 0 elements; expected 1 to 100, such as [\"broker1:9092\"]"));
}

TEST(ConfigProblems, TopicsAreCheckedOneByOne) {
  const std::string long_name(250, 'x');
  const LoadResult result = parse(
      "[instance.a]\nbrokers = \"embedded\"\ntopics = [\n\"\",\n\"a b\",\n\"crm.*.x\",\n\"..\",\n"
      "\"" +
      long_name + "\",\n\"žluť\",\n\"ok\", \"ok*\", \"*\",\n\"ok\",\n\"**\"]\n");
  const std::string at = "instance.a.topics: ";
  const std::string characters =
      " holds a character that Kafka does not allow; a topic's name is made of A-Z a-z 0-9 . _ -";
  EXPECT_THAT(
      lines_of(result),
      ElementsAre(
          "F:4:1: " + at + R"(is empty; expected a topic's name, a "prefix*", or "*")",
          "F:5:1: " + at + "\"a b\"" + characters,
          "F:6:1: " + at +
              R"("crm.*.x" has its '*' in the middle; a pattern is a prefix and ends in one '*')",
          "F:7:1: " + at + R"(".." is a name that Kafka does not allow)",
          "F:8:1: " + at + '"' + long_name.substr(0, 80) + "...\" has 250 characters; Kafka allows 249",
          "F:9:1: " + at + "\"žluť\"" + characters, "F:11:1: " + at + "\"ok\" stands there twice",
          "F:12:1: " + at + R"("**" has its '*' in the middle; a pattern is a prefix and ends in one '*')"));
}

TEST(ConfigProblems, AllOfThemComeInOneRunAndInTheOrderOfTheFile) {
  const LoadResult result = parse(R"(colour = "blue"
[daemon]
socket = "x"
clients_max = 0
verbose = true
[instance.one]
broker = ["b:9092"]
topics = ["a b"]
send_timeout = "soon"
allow = { users = ["nosuchuser"], groups = ["nosuchgroup"] }
[instance.one.librdkafka]
"acks" = 1
[instance.Two]
brokers = ["b"]
topics = []
)");
  EXPECT_FALSE(result.config);
  std::vector<std::string> keys;
  for (const ConfigProblem& problem : result.problems) {
    keys.push_back(std::to_string(problem.line) + " " + problem.key);
  }
  EXPECT_THAT(keys, ElementsAre("1 colour", "3 daemon.socket", "4 daemon.clients_max", "5 daemon.verbose",
                                "6 instance.one.brokers", "7 instance.one.broker", "8 instance.one.topics",
                                "9 instance.one.send_timeout", "10 instance.one.allow.users",
                                "10 instance.one.allow.groups", "12 instance.one.librdkafka.acks",
                                "13 instance.Two", "14 instance.Two.brokers", "15 instance.Two.topics"));
}

TEST(ConfigProblems, AWrongSizeIsNotReportedAgainByWhatDependsOnIt) {
  EXPECT_EQ(parse(INSTANCE_WITH("lane_size = \"1B\"\nmax_event_size = \"1MiB\"\nbuffer_size = \"8MiB\""))
                .problems.size(),
            1U);
}

// Their messages hold librdkafka's version and OpenSSL's own words.
TEST(ConfigProblems, LibrdkafkaJudgesItsProperties) {
  const LoadResult unknown = parse(INSTANCE_WITH("librdkafka = { \"sasl.pasword\" = \"hunter2\" }"));
  ASSERT_EQ(unknown.problems.size(), 1U);
  EXPECT_EQ(unknown.problems[0].column, 16U);
  EXPECT_THAT(unknown.problems[0].text, StartsWith("is not a property of librdkafka 2."));
  EXPECT_THAT(unknown.problems[0].text, EndsWith("; did you mean 'sasl.password'?"));

  const LoadResult no_file = parse(
      INSTANCE_WITH("librdkafka = { security.protocol = \"ssl\", ssl.ca.location = \"/nowhere.pem\" }"));
  ASSERT_EQ(no_file.problems.size(), 1U);
  EXPECT_EQ(no_file.problems[0].column, 14U);
  EXPECT_THAT(no_file.problems[0].text,
              StartsWith("librdkafka refuses these properties: ssl.ca.location failed"));
}

TEST(ConfigProblems, ASecretIsNeverShown) {
  for (const std::string_view value : {"[\"hunter2\"]", "{ x = [\"hunter2\"] }", "\"hunter2\\u0000\""}) {
    const LoadResult result = parse(INSTANCE_WITH("") + std::string("librdkafka = { \"sasl.password\" = ") +
                                    std::string(value) + " }\n");
    ASSERT_FALSE(result.problems.empty()) << value;
    EXPECT_THAT(to_string(result.problems[0], "F"), Not(HasSubstr("hunter2")));
  }
}

TEST(ConfigProblems, ASecretIsNotShownByLibrdkafkaEither) {
  for (
      const std::string_view properties :
      {R"("security.protocol" = "ssl", "ssl.ca.pem" = "hunter2")",
       R"("security.protocol" = "ssl", "ssl.key.pem" = "hunter2", "ssl.certificate.pem" = "hunter2")",
       R"("security.protocol" = "ssl", "ssl.keystore.location" = "/nowhere.p12", "ssl.keystore.password" = "hunter2")"}) {
    const LoadResult result =
        parse(INSTANCE_WITH("") + std::string("librdkafka = { ") + std::string(properties) + " }\n");
    ASSERT_EQ(result.problems.size(), 1U) << properties;
    EXPECT_THAT(to_string(result.problems[0], "F"), Not(HasSubstr("hunter2")));
  }
}

TEST(ConfigProblems, TooManyInstances) {
  std::string text;
  for (int i = 0; i < 65; ++i) {
    text += "[instance.i" + std::to_string(i) + "]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n";
  }
  EXPECT_THAT(lines_of(parse(text)),
              ElementsAre("F:1:1: instance: has 65 instances; at most 64 are allowed"));
}

TEST(ConfigProblems, NestingWithoutEndIsAProblem) {
  const LoadResult result = parse("a = " + std::string(100'000, '['));
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_THAT(result.problems[0].text, HasSubstr("not TOML"));
}

}  // namespace
}  // namespace ringpost::daemon
