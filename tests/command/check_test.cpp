// `ringpost check`, which has to say what ringpostd would say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include <boost/json.hpp>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/odd_peer.hpp"
#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

class Check : public testing::Test {
 protected:
  Outcome check(std::string_view text, const std::vector<std::string>& more = {}) {
    write_file(file_, text);
    std::vector<std::string> command{program("ringpost"), "check", file_};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  }

  TemporaryDirectory directory_;
  std::string file_ = directory_.file("ringpost.toml");
};

TEST_F(Check, AGoodFileEndsWith0) {
  const Outcome outcome = check("[instance.a]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.output,
              MatchesRegex(file_ + ": good, 1 instance\n"
                                   "ringpostd needs at most [0-9]+ MiB of memory with it; lanes of up "
                                   "to 8192 MiB .lane_memory_max. are among them\n"));
  EXPECT_THAT(outcome.errors, IsEmpty());
}

// The same figure as in the status of a daemon with it.
TEST_F(Check, SaysHowMuchMemoryTheDaemonMayNeed) {
  const std::string instance =
      "[instance.a]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\nlane_size = \"64KiB\"\nbuffer_size = \"";
  const std::string keys = "clients_max = 10\nlane_memory_max = \"64MiB\"\n";
  const Daemon daemon(instance + "5MiB\"\n", keys);
  const Outcome checked = run({program("ringpost"), "check", daemon.config_file()});
  const Outcome status = run({program("ringpost"), "status", "--json", "--socket", daemon.socket()});
  const auto bound_bytes =
      boost::json::parse(status.output).at("memory_bound_bytes").to_number<std::uint64_t>();
  EXPECT_THAT(checked.output, HasSubstr("at most " + std::to_string((bound_bytes + (1U << 20) - 1) >> 20) +
                                        " MiB of memory with it; lanes of up to 64 MiB "));
}

TEST_F(Check, AWrongFileEndsWith78AndEveryProblemAsTheDaemonSaysThem) {
  const Outcome outcome = check(
      "[daemon]\nsokcet = \"/x\"\n[instance.a]\nbrokers = [\"b\"]\ntopics = [\"orders\"]\n"
      "librdkafka = { \"sasl.pasword\" = \"hunter2\" }\n");
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(
      outcome.errors,
      AllOf(HasSubstr(file_ + ":2:1: daemon.sokcet: "), HasSubstr(file_ + ":4:12: instance.a.brokers: "),
            HasSubstr(file_ + ":6:16: instance.a.librdkafka.\"sasl.pasword\": "), Not(HasSubstr("hunter2"))));

  const Outcome daemon = run({program("ringpostd"), "--config", file_});
  EXPECT_EQ(daemon.status, outcome.status);
  EXPECT_EQ(daemon.errors, outcome.errors);
}

TEST_F(Check, AFileThatIsNotThereEndsWith78) {
  const Outcome outcome = run({program("ringpost"), "check", directory_.file("nothing.toml")});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_EQ(outcome.errors,
            directory_.file("nothing.toml") + ": can't be opened: No such file or directory\n");
}

TEST_F(Check, ConnectSaysWhatTheClusterIs) {
  const MockCluster kafka({"orders", "crm.status"}, 3);
  const Outcome outcome = check("[instance.a]\nbrokers = [\"" + kafka.brokers() +
                                    "\"]\ntopics = [\"orders\", \"crm.*\"]\n"
                                    "[instance.b]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n",
                                {"--connect"});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("instance a: connected; the cluster has 1 brokers: " + kafka.brokers()),
                    HasSubstr("  topic orders: 3 partitions\n"), Not(HasSubstr("crm")),
                    HasSubstr("instance b: embedded")));
}

TEST_F(Check, ConnectSaysWhyNobodyAnswers) {
  const Outcome outcome =
      check("[instance.a]\nbrokers = [\"127.0.0.1:1\"]\ntopics = [\"orders\"]\n", {"--connect"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("instance a: no broker of 127.0.0.1:1 answered: "),
                                    HasSubstr("Connection refused")));
}

TEST_F(Check, ConnectSaysWhoIsNoBroker) {
  const OddPeer web(std::string(kHttpAnswer), OddPeer::Then::kHangsUp);
  const OddPeer closer("", OddPeer::Then::kHangsUp);
  const OddPeer silent("", OddPeer::Then::kGoesOn);
  const MockCluster plaintext({"orders"}, 1);
  const auto instance = [](const std::string& name, const std::string& broker, const std::string& more) {
    return "[instance." + name + "]\nbrokers = [\"" + broker + "\"]\ntopics = [\"orders\"]\n" + more;
  };
  const Outcome outcome =
      check(instance("web", web.address(), "") + instance("mute", silent.address(), "") +
                instance("closer", closer.address(), "") + instance("name", "no-such-host.invalid:9092", "") +
                instance("tls", plaintext.brokers(), "librdkafka = { \"security.protocol\" = \"ssl\" }\n"),
            {"--connect"});
  EXPECT_EQ(outcome.status, 1);
  const auto said = [](const std::string& name, const std::string& broker, const std::string& what) {
    return ContainsRegex("instance " + name + ": no broker of " + broker + " answered: [^\n]*" + what);
  };
  EXPECT_THAT(outcome.output,
              said("web", web.address(), "Invalid response size[^\n]*something else than a Kafka broker"));
  EXPECT_THAT(outcome.output, said("mute", silent.address(),
                                   "(ApiVersionRequest failed|is there a Kafka broker at this address)"));
  EXPECT_THAT(outcome.output, said("closer", closer.address(),
                                   "Disconnected[^\n]*does security.protocol suit this listener"));
  EXPECT_THAT(outcome.output, said("name", "no-such-host.invalid:9092", "Failed to resolve"));
  EXPECT_THAT(outcome.output, said("tls", plaintext.brokers(), "connecting to a PLAINTEXT broker listener"));
}

}  // namespace
}  // namespace ringpost::tests
