// `ringpost publish` with a daemon and its embedded cluster: what arrives is what was given.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

using Words = std::vector<std::string>;

class Publish : public testing::Test {
 protected:
  Publish() { daemon_.wait_until_connected("kafkaid"); }

  Words line(const Words& words) const {
    Words command{program("ringpost"), "publish", "kafkaid", "orders"};
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.begin() + 2, {"--socket", daemon_.socket()});
    return command;
  }
  Outcome publish(const Words& words, const std::string& input = "") const {
    ProcessOptions options;
    options.standard_input = input;
    return run(line(words), options);
  }
  std::vector<std::string> messages(std::uint64_t count) const {
    daemon_.wait_until_delivered("kafkaid", count);
    std::vector<std::string> result;
    for (const Record& record : daemon_.consume("kafkaid", "orders")) {
      result.push_back(record.message);
    }
    return result;
  }

  Daemon daemon_{"[instance.kafkaid]\nbrokers = \"embedded\"\npartitions = 1\ntopics = [\"orders\"]\n"};
};

TEST_F(Publish, AMessageArrivesWithItsKeyAndItsHeadersInOrder) {
  const Outcome outcome = publish({R"({ "id" : "123" })", "--key", "k", "--header", "b=1", "--header",
                                   "a=x=y", "--header", "b=", "--header", "b=2"});
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_EQ(outcome.output, "1 accepted, 0 refused\n");
  daemon_.wait_until_delivered("kafkaid", 1);
  const std::vector<Record> records = daemon_.consume("kafkaid", "orders");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].message, R"({ "id" : "123" })");
  EXPECT_EQ(records[0].key, "k");
  std::vector<std::pair<std::string, std::string>> headers = records[0].headers;
  std::erase_if(headers, [](const auto& header) { return header.first == "ringpost-id"; });
  EXPECT_THAT(headers, ElementsAre(Pair("b", "1"), Pair("a", "x=y"), Pair("b", ""), Pair("b", "2")));
}

TEST_F(Publish, NullHeadersKeepTheirPlaceAmongTheOthers) {
  EXPECT_EQ(publish({"1", "--header", "a=1", "--null-header", "n", "--header", "z=2"}).status, 0);
  daemon_.wait_until_delivered("kafkaid", 1);
  const Outcome consumed =
      run({program("ringpost"), "consume", "kafkaid", "orders", "--until-end", "--socket", daemon_.socket()});
  EXPECT_THAT(consumed.output, HasSubstr("  header   a = 1\n  header   n = (null)\n  header   z = 2\n"));
}

TEST_F(Publish, AnEmptyKeyIsNotNoKey) {
  EXPECT_EQ(publish({"1", "--key", ""}).status, 0);
  EXPECT_EQ(publish({"2"}).status, 0);
  daemon_.wait_until_delivered("kafkaid", 2);
  const std::vector<Record> records = daemon_.consume("kafkaid", "orders");
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].key, std::optional<std::string>(""));
  EXPECT_EQ(records[1].key, std::nullopt);
}

TEST_F(Publish, StandardInputIsOneMessageWithoutItsLastLineEnd) {
  EXPECT_EQ(publish({}, "{\n  \"a\": 1\n}\n").output, "1 accepted, 0 refused\n");
  EXPECT_EQ(publish({"-"}, "2").output, "1 accepted, 0 refused\n");
  EXPECT_EQ(publish({"--", "-5"}).output, "1 accepted, 0 refused\n");
  EXPECT_THAT(messages(3), ElementsAre("{\n  \"a\": 1\n}", "2", "-5"));
}

TEST_F(Publish, LinesAreEventsAndEachRefusedOneIsNamed) {
  const Outcome outcome = publish({"--lines"}, "1\n{\"a\":\n\n2\r\n  \n3 4\n\xff\n5");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.output, "3 accepted, 3 refused\n");
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr("line 2: refused: INVALID_JSON: "),
                                    HasSubstr("line 6: refused: INVALID_JSON: "),
                                    HasSubstr("line 7: refused: INVALID_JSON: ")));
  EXPECT_THAT(messages(3), ElementsAre("1", "2", "5"));
}

TEST_F(Publish, ARefusalSaysTheCodeAndNeverTheMessage) {
  const Outcome outcome = publish({"{secret", "--key", "private"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.output, "0 accepted, 1 refused\n");
  EXPECT_THAT(outcome.errors, StartsWith("ringpost publish: refused: INVALID_JSON: "));
  EXPECT_THAT(outcome.errors,
              AllOf(Not(HasSubstr("secret")), Not(HasSubstr("private")), Not(HasSubstr("line"))));
}

TEST_F(Publish, AnUnknownTopicOrInstanceIsRefusedByItsCode) {
  const Outcome topic =
      run({program("ringpost"), "publish", "--socket", daemon_.socket(), "kafkaid", "nothere", "1"});
  EXPECT_EQ(topic.status, 1);
  EXPECT_THAT(topic.errors, AllOf(HasSubstr("UNKNOWN_TOPIC"), HasSubstr("nothere")));
  const Outcome instance =
      run({program("ringpost"), "publish", "--socket", daemon_.socket(), "crm", "orders", "1"});
  EXPECT_EQ(instance.status, 1);
  EXPECT_THAT(instance.errors, AllOf(HasSubstr("UNKNOWN_INSTANCE"), HasSubstr("kafkaid")));
  EXPECT_THAT(daemon_.consume("kafkaid", "orders"), IsEmpty());
}

TEST_F(Publish, ConfigFindsTheDaemonToo) {
  EXPECT_EQ(run({program("ringpost"), "publish", "--config", daemon_.config_file(), "kafkaid", "orders", "1"})
                .status,
            0);
  EXPECT_THAT(messages(1), ElementsAre("1"));
}

TEST_F(Publish, WhatCameBeforeASignalIsCounted) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.file("lines");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const int writer =
      open(fifo.c_str(), O_RDWR | O_CLOEXEC);  // both ends, so that neither side waits to open it
  ASSERT_GE(writer, 0);
  Words shell{"sh", "-c", "exec \"$0\" \"$@\" < " + fifo};
  const Words command = line({"--lines"});
  shell.insert(shell.end(), command.begin(), command.end());
  Process publisher(shell);
  ASSERT_EQ(write(writer, "1\n2\n3\n", 6), 6);
  daemon_.wait_until_delivered("kafkaid", 3);
  publisher.signal(SIGTERM);
  EXPECT_EQ(publisher.wait(), -SIGTERM);
  EXPECT_EQ(publisher.output(), "3 accepted, 0 refused\n");
  close(writer);
}

TEST_F(Publish, RetryWaitsForADaemon) {
  ASSERT_EQ(daemon_.stop(), 0) << daemon_.log();
  ProcessOptions options;
  options.standard_input = "1\n2\n";
  Process publisher(line({"--lines", "--retry"}), options);
  EXPECT_TRUE(wait_until([&] { return publisher.errors().find("line 1: waiting: ") != std::string::npos; }))
      << publisher.errors();
  daemon_.start();
  EXPECT_EQ(publisher.wait(), 0) << publisher.errors();
  EXPECT_EQ(publisher.output(), "2 accepted, 0 refused\n");
  EXPECT_THAT(messages(2), ElementsAre("1", "2"));
}

// More than the lanes and the buffer hold, into a cluster that stands still.
TEST(PublishRetry, GoesOnFromTheRefusedEventWhenThereIsRoomAgain) {
  constexpr int kEvents = 30'000;
  MockCluster kafka({"orders"}, 1);
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() +
                "\"]\ntopics = [\"orders\"]\nlane_size = \"64KiB\"\nbuffer_size = \"1MiB\"\nspool = \"0\"\n");
  daemon.wait_until_connected("kafkaid");
  std::string lines;
  std::vector<std::string> expected;
  for (int i = 0; i < kEvents; ++i) {
    expected.push_back("{\"n\":" + std::to_string(i) + ",\"pad\":\"" + std::string(80, 'x') + "\"}");
    lines += expected.back() + '\n';
  }
  kafka.pause();
  ProcessOptions options;
  options.standard_input = lines;
  Process publisher({program("ringpost"), "publish", "--socket", daemon.socket(), "kafkaid", "orders",
                     "--lines", "--retry", "--key", "one"},
                    options);
  EXPECT_TRUE(wait_until([&] {
    return publisher.errors().find("BUFFER_FULL") != std::string::npos ||
           publisher.errors().find("is full") != std::string::npos;
  })) << publisher.errors();
  kafka.resume();
  EXPECT_EQ(publisher.wait(), 0) << publisher.errors();
  EXPECT_EQ(publisher.output(), std::to_string(kEvents) + " accepted, 0 refused\n");
  daemon.wait_until_delivered("kafkaid", kEvents);
  std::vector<std::string> arrived;
  for (const Record& record : read_with_kcat(kafka.brokers(), "orders")) {
    arrived.push_back(record.message);
  }
  EXPECT_TRUE(arrived == expected) << arrived.size() << " records, or in another order";
}

}  // namespace
}  // namespace ringpost::tests
