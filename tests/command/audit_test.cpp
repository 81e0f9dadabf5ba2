// `ringpost audit` against a daemon: what it finds where all is well, where a file has been touched, and where it can't look.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

class Audit : public testing::Test {
 protected:
  Audit() { daemon_.wait_until_connected("kafkaid"); }

  static std::string instance(const std::string& brokers) {
    return "[instance.kafkaid]\nbrokers = [\"" + brokers +
           "\"]\ntopics = [\"orders\"]\nbuffer_size = \"8MiB\"\nlane_size = \"128KiB\"\nmax_event_size = "
           "\"16KiB\"\n";
  }

  Outcome audit(std::vector<std::string> words = {}) const {
    std::vector<std::string> command{program("ringpost"), "audit", "--config", daemon_.config_file()};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  }

  void publish(std::uint64_t count) {
    const std::string message = "\"" + std::string(300, 'x') + "\"";
    for (std::uint64_t number = 0; number < count; ++number) {
      ASSERT_EQ(publisher_.publish_patiently({"kafkaid", "orders", message, std::to_string(number % 7), {}}),
                0)
          << ringpost_last_error_message();
    }
  }

  // More than the buffer holds, in an outage.
  void fill_the_spool() {
    kafka_.stop_broker(1);
    ASSERT_NO_FATAL_FAILURE(publish(30'000));
    ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting_on_disk >= 1'000; }))
        << daemon_.log();
  }

  std::filesystem::path first_segment() const {
    std::filesystem::path first;
    for (const auto& file : std::filesystem::directory_iterator(daemon_.state_dir() + "/kafkaid")) {
      const bool is_log =
          file.path().filename().string().starts_with("spool-") && file.path().extension() == ".log";
      if (is_log && (first.empty() || file.path() < first)) first = file.path();
    }
    return first;
  }

  MockCluster kafka_{{"orders"}, 4};
  Daemon daemon_{instance(kafka_.brokers()), "sync_interval = \"20ms\"\n"};
  Publisher publisher_{daemon_.socket()};
};

TEST_F(Audit, AgreesWhereverTheEventsAre) {
  ASSERT_NO_FATAL_FAILURE(publish(100));
  daemon_.wait_until_delivered("kafkaid", 100);
  const Outcome delivered = audit();
  EXPECT_EQ(delivered.status, 0) << delivered.output << delivered.errors;
  EXPECT_THAT(delivered.output,
              ContainsRegex("^kafkaid: [0-9]+ figures counted again, all as in the books\n$"));
  ASSERT_NO_FATAL_FAILURE(fill_the_spool());
  const Outcome on_disk = audit({"kafkaid", "--json"});
  EXPECT_EQ(on_disk.status, 0) << on_disk.output << on_disk.errors << daemon_.log();
  EXPECT_THAT(on_disk.output,
              AllOf(StartsWith("{\"instance\":\"kafkaid\",\"agrees\":true,"),
                    HasSubstr("arena, topic orders: put on disk"), HasSubstr("spool segment 1: records"),
                    HasSubstr("queues: waiting"), HasSubstr("lanes: waiting")));
  kafka_.start_broker(1);
  daemon_.wait_until_delivered("kafkaid", 30'100);
  EXPECT_EQ(audit().status, 0) << audit().output;
}

TEST_F(Audit, NamesTheFileThatSomebodyHasTouched) {
  ASSERT_NO_FATAL_FAILURE(fill_the_spool());
  const std::filesystem::path segment = first_segment();
  {
    std::fstream file(segment, std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(segment) / 2));
    file.write("damage", 6);
  }
  const Outcome damaged = audit();
  EXPECT_EQ(damaged.status, 1);
  EXPECT_THAT(damaged.output, AllOf(HasSubstr("1 of them not as in the books"),
                                    ContainsRegex("spool segment 1: records: [0-9]+ in the books"),
                                    HasSubstr(segment.string())));
  std::filesystem::rename(segment, segment.string() + ".away");
  const Outcome gone = audit();
  EXPECT_EQ(gone.status, 1);
  EXPECT_THAT(gone.output, ContainsRegex("spool segment 1: records: [0-9]+ in the books, 0 found"));
}

TEST_F(Audit, SaysWhyItCantLook) {
  const Outcome unknown = audit({"other"});
  EXPECT_EQ(unknown.status, 69);
  EXPECT_THAT(unknown.errors, HasSubstr("instance other is not in the daemon's configuration"));
  daemon_.stop();
  const Outcome away = audit();
  EXPECT_EQ(away.status, 69);
  EXPECT_THAT(away.errors, StartsWith("ringpost audit: no daemon at "));
}

}  // namespace
}  // namespace ringpost::tests
