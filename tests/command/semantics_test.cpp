// Every row of the contract that can be written on a command line: what `ringpost publish` says, that what was
// refused never arrives, and that what was accepted arrives byte for byte. tests/client has the same rows in C.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using Words = std::vector<std::string>;

const std::string kInstances = R"(
[instance.kafkaid]
brokers = "embedded"
partitions = 1
topics = ["orders", "texts", "crm.*"]
max_event_size = "4KiB"
[instance.off]
brokers = "embedded"
topics = ["*"]
enabled = false
[instance.closed]
brokers = "embedded"
topics = ["*"]
allow = { users = ["daemon"] }
[instance.dead]
brokers = ["127.0.0.1:1"]
topics = ["*"]
)";

// One daemon for all rows: a refused event leaves nothing behind.
Daemon& the_daemon() {
  static Daemon* const daemon = [] {
    static Daemon only(kInstances);
    only.wait_until_connected("kafkaid");
    return &only;
  }();
  return *daemon;
}

Outcome publish(const Words& words, const std::string& input = "") {
  Words command{program("ringpost"), "publish", "--socket", the_daemon().socket()};
  command.insert(command.end(), words.begin(), words.end());
  ProcessOptions options;
  options.standard_input = input;
  return run(command, options);
}

struct Refusal {
  std::string name;
  Words words;
  std::string input;
  std::string code;
  std::string says;
};
void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, ByItsCodeAndNothingIsEnqueued) {
  const std::uint64_t before = the_daemon().status("kafkaid").accepted;
  const Outcome outcome = publish(GetParam().words, GetParam().input);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.output, "0 accepted, 1 refused\n");
  EXPECT_THAT(outcome.errors,
              AllOf(StartsWith("ringpost publish: refused: " + GetParam().code + ": publishAsync("),
                    HasSubstr(GetParam().says), HasSubstr("was not queued")));
  EXPECT_EQ(the_daemon().status("kafkaid").accepted, before);
}

const std::string kSecret = R"("private")";

INSTANTIATE_TEST_SUITE_P(
    Instance, Refused,
    testing::Values(
        Refusal{"UpperCase", {"KafkaId", "orders", "1"}, "", "INVALID_ARGUMENT", "did you mean \"kafkaid\"?"},
        Refusal{"SpecialCharacter", {"kafka-id", "orders", "1"}, "", "INVALID_ARGUMENT", "\"kafka-id\""},
        Refusal{"Empty", {"", "orders", "1"}, "", "INVALID_ARGUMENT", "no instance name"},
        Refusal{"TooLong", {std::string(65, 'a'), "orders", "1"}, "", "INVALID_ARGUMENT", "1 to 64"},
        Refusal{"NotConfigured", {"other", "orders", "1"}, "", "UNKNOWN_INSTANCE", "\"kafkaid\""},
        Refusal{"SwitchedOff", {"off", "orders", "1"}, "", "DISABLED", "enabled = false"},
        Refusal{"NotConnected", {"dead", "orders", "1"}, "", "NOT_CONNECTED", "\"dead\""}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Topic, Refused,
    testing::Values(
        Refusal{"Space", {"kafkaid", "my orders", "1"}, "", "INVALID_ARGUMENT", "\"my orders\""},
        Refusal{"Dot", {"kafkaid", ".", "1"}, "", "INVALID_ARGUMENT", "\".\""},
        Refusal{"TwoDots", {"kafkaid", "..", "1"}, "", "INVALID_ARGUMENT", "\"..\""},
        Refusal{"TooLong", {"kafkaid", std::string(250, 't'), "1"}, "", "INVALID_ARGUMENT", "topic name"},
        Refusal{"NotListed", {"kafkaid", "invoices", "1"}, "", "UNKNOWN_TOPIC", "\"invoices\""},
        Refusal{"OnlyThePrefix", {"kafkaid", "crm", "1"}, "", "UNKNOWN_TOPIC", "\"crm\""}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Message, Refused,
    testing::Values(
        Refusal{"Empty", {"kafkaid", "orders", ""}, "", "INVALID_JSON", "byte 0"},
        Refusal{"NothingOnStandardInput", {"kafkaid", "orders"}, "", "INVALID_JSON", "byte 0"},
        Refusal{"NoJson", {"kafkaid", "orders", "undefined"}, "", "INVALID_JSON", "byte 0"},
        Refusal{"NaN", {"kafkaid", "orders", "NaN"}, "", "INVALID_JSON", "byte 0"},
        Refusal{"TwoValues", {"kafkaid", "orders", "{} {}"}, "", "INVALID_JSON", "byte 3"},
        Refusal{"ByteOrderMark", {"kafkaid", "orders"}, "\xEF\xBB\xBF{}", "INVALID_JSON", "byte-order mark"},
        Refusal{"Nul", {"kafkaid", "orders"}, std::string("1\0", 2), "INVALID_JSON", "byte 1"},
        Refusal{"InvalidUtf8", {"kafkaid", "orders"}, "\"\xC0\xAF\"", "INVALID_JSON", "UTF-8"},
        Refusal{"TooDeep",
                {"kafkaid", "orders"},
                std::string(1025, '[') + std::string(1025, ']'),
                "INVALID_JSON",
                "deep"},
        Refusal{"TooLarge",
                {"kafkaid", "orders", "--key", "12345", "--header", "abc=de"},
                '"' + std::string(4'085, 'x') + '"',
                "MESSAGE_TOO_LARGE",
                "4096"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(Headers, Refused,
                         testing::Values(Refusal{"ReservedName",
                                                 {"kafkaid", "orders", "1", "--header", "a=1", "--header",
                                                  "ringpost-id=x"},
                                                 "",
                                                 "INVALID_ARGUMENT",
                                                 "\"ringpost-id\" is reserved"},
                                         Refusal{"NullWithoutName",
                                                 {"kafkaid", "orders", "1", "--null-header", ""},
                                                 "",
                                                 "INVALID_ARGUMENT",
                                                 "header 1"},
                                         Refusal{"NameNotUtf8",
                                                 {"kafkaid", "orders", "1", "--header", "\xff=1"},
                                                 "",
                                                 "INVALID_ARGUMENT",
                                                 "UTF-8"}),
                         [](const auto& row) { return row.param.name; });

TEST(Accepted, TextsThatAreValidArriveByteForByte) {
  const std::vector<std::string> messages{"null",
                                          R"("text")",
                                          "100000000000000000000",
                                          "1e400",
                                          R"("\ud800")",
                                          R"({"a":1,"a":2})",
                                          "  [ 1 ,\t2 ]  ",
                                          "\"żółć \xF0\x9F\x90\x98\"",
                                          std::string(1024, '[') + std::string(1024, ']'),
                                          '"' + std::string(4'078, 'x') + '"'};
  const std::uint64_t before = the_daemon().status("kafkaid").accepted;
  for (const std::string& message : messages) {
    const Outcome outcome = publish({"kafkaid", "texts", message, "--key", "12345", "--header", "abc=de"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
  }
  the_daemon().wait_until_delivered("kafkaid", before + messages.size());
  std::vector<std::string> arrived;
  for (const Record& record : the_daemon().consume("kafkaid", "texts")) {
    EXPECT_EQ(record.key, "12345");
    EXPECT_EQ(record.header("abc"), "de");
    arrived.push_back(record.message);
  }
  EXPECT_THAT(arrived, ElementsAreArray(messages));
}

// Root may use everything, so a root's test becomes somebody else; for who the program must be within reach.
TEST(Denied, AUserWhoIsNotOnTheListIsTold) {
  const TemporaryDirectory directory;
  namespace fs = std::filesystem;
  constexpr auto kEverybody = fs::perms::others_exec | fs::perms::others_read;
  Words command{program("ringpost")};
  if (geteuid() == 0) {
    fs::permissions(directory.path(), kEverybody, fs::perm_options::add);
    fs::permissions(fs::path(the_daemon().socket()).parent_path(), kEverybody, fs::perm_options::add);
    fs::copy(program("ringpost"), directory.path());
    command = {"setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", directory.file("ringpost")};
  }
  command.insert(command.end(), {"publish", "--socket", the_daemon().socket(), "closed", "orders", kSecret});
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors,
              AllOf(HasSubstr("refused: DENIED: "), HasSubstr("\"closed\""), Not(HasSubstr("private"))));
}

TEST(BufferFull, EachRefusedLineIsNamedAndTheOthersArrive) {
  constexpr int kLines = 30'000;
  MockCluster kafka({"orders"}, 1);
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() +
                "\"]\ntopics = [\"orders\"]\nlane_size = \"64KiB\"\nbuffer_size = \"1MiB\"\nspool = \"0\"\n");
  daemon.wait_until_connected("kafkaid");
  std::string lines;
  for (int i = 0; i < kLines; ++i) {
    lines += '"' + std::string(100, 'x') + "\"\n";
  }
  kafka.pause();
  ProcessOptions options;
  options.standard_input = lines;
  const Outcome outcome = run(
      {program("ringpost"), "publish", "--socket", daemon.socket(), "kafkaid", "orders", "--lines"}, options);
  EXPECT_EQ(outcome.status, 1);
  const auto refused = std::count(outcome.errors.begin(), outcome.errors.end(), '\n');
  EXPECT_GT(refused, 0);
  EXPECT_EQ(outcome.output,
            std::to_string(kLines - refused) + " accepted, " + std::to_string(refused) + " refused\n");
  EXPECT_THAT(outcome.errors,
              testing::ContainsRegex("^ringpost publish: line [0-9]+: refused: BUFFER_FULL: "));
  kafka.resume();
  daemon.wait_until_delivered("kafkaid", static_cast<std::uint64_t>(kLines - refused));
  EXPECT_EQ(daemon.status("kafkaid").refused.at("BUFFER_FULL"), static_cast<std::uint64_t>(refused));
}

}  // namespace
}  // namespace ringpost::tests
