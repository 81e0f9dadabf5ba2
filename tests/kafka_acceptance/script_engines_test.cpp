// The script of the user's page, character for character, in each engine of the JVM, to Apache Kafka. (Node.js and the BPMN engines
// have theirs with an embedded cluster: what is below the call is the same.)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"

namespace ringpost::tests {
namespace {

TEST(ScriptEngines, RunThePagesScript) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topic("pages", 1);
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [\"pages\"]\n");
  daemon.wait_until_connected("kafkaid");
  std::string script = read_file(source_file("docs/page_example.js"));
  script.replace(script.find("\"topicName\""), 11, "\"pages\"");  // the topic is another test's
  const TemporaryDirectory directory;
  write_file(directory.file("page.js"), script);

  const std::vector<std::string> engines{"rhino", "graaljs"};
  for (const std::string& engine : engines) {
    const Outcome outcome =
        run({source_file("tests/java/java"), RINGPOST_BUILD, "ringpost-" + engine,
             "io.ringpost." + engine + ".RunScript", daemon.socket(), directory.file("page.js")});
    ASSERT_EQ(outcome.status, 0) << outcome.errors
                                 << "\nhas scripts/java-modules run, and then ctest's java.build?";
  }
  daemon.wait_until_delivered("kafkaid", engines.size());

  const std::vector<Record> records = read_with_kcat(kafka.brokers(), "pages");
  ASSERT_EQ(records.size(), engines.size());
  for (const Record& record : records) {
    EXPECT_EQ(record.key, "key");
    EXPECT_EQ(record.header("header1"), "header1-value");
    EXPECT_EQ(record.header("header2"), "header2-value");
    EXPECT_THAT(
        record.message,
        testing::ContainsRegex(
            R"(^\{"id":"123","status":\{"code":"OK","message":"Everything is fine!"\},"list":\[1,2,3\],)"
            R"("boolean":true,"date":"[0-9-]+T[0-9:.]+Z"\}$)"));
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
