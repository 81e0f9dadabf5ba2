#include "daemon/command/status_reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace ringpost::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kStatus =
    R"({"version":"0.1.0","pid":4711,"uptime_s":200,"librdkafka":"2.14.2","keeper":false,"generation":3,"reloads_refused":1,"configuration_problems":["ringpost.toml:4:1: x"],
"something_new":[1],"instances":[
{"name":"kafkaid","state":"connected","brokers":"b1:9092,b2:9092","last_error":"of before","unreachable":"","trouble":"orders: a quota","credentials_problem":"client.key is not the key","enabled":true,"clients":2,"lanes":5,"accepted":1000,
 "delivered":900,"waiting":97,"dead_letters":3,"dead_letters_by_reason":{"unknown_topic":3},
 "refused":{"BUFFER_FULL":12,"DENIED":0,"UNKNOWN_TOPIC":1},"oldest_waiting_ms":125000,"buffer_bytes":268435456,
 "buffer_used_bytes":2684355,"waiting_on_disk":40,"missing_on_disk":0,
 "disk":{"state":"failing","problem":"no room","spool_bytes":1048576,"spool_max_bytes":2097152,"letters_kept":3},"topics":[{"name":"orders","state":"exists"},{"name":"new","state":"missing"},{"name":"newer","state":"missing"}]},
{"name":"crm","state":"connecting","brokers":"b:1","last_error":"b:1/bootstrap: refused","unreachable":"","trouble":"","credentials_problem":"","enabled":true,"clients":0,"lanes":0,"accepted":0,"delivered":0,
 "waiting":0,"dead_letters":0,"dead_letters_by_reason":{},"refused":{},"oldest_waiting_ms":0,"buffer_bytes":1048576,
 "buffer_used_bytes":0,"waiting_on_disk":0,"missing_on_disk":0,
 "disk":{"state":"ok","problem":"","spool_bytes":0,"spool_max_bytes":2097152,"letters_kept":0},"topics":[]}]})";

TEST(StatusReading, IsReadAndFieldsThatAreNewAreNoHindrance) {
  const StatusReading status = read_status(kStatus);
  EXPECT_EQ(status.version, "0.1.0");
  EXPECT_EQ(status.pid, 4711U);
  ASSERT_EQ(status.instances.size(), 2U);
  EXPECT_EQ(status.instances[0].brokers, "b1:9092,b2:9092");
  EXPECT_EQ(status.instances[0].refused.at("BUFFER_FULL"), 12U);
  EXPECT_EQ(status.instances[1].state, "connecting");
}

TEST(StatusReading, ThatIsNoStatusSaysSo) {
  for (const std::string_view text :
       {"", "{", "[]", "{}", R"({"version":1})", R"({"version":"0.1.0","pid":-1})"}) {
    EXPECT_THROW((void)read_status(text), std::runtime_error) << text;
  }
}

TEST(StatusReading, TheEquationIsChecked) {
  StatusReading status = read_status(kStatus);
  EXPECT_THAT(equation_faults(status), IsEmpty());
  status.instances[0].delivered -= 1;
  EXPECT_THAT(equation_faults(status),
              ElementsAre(HasSubstr(
                  "kafkaid: the counts do not add up: accepted 1000, but delivered 899 + waiting 97 + "
                  "dead letters 3 = 999")));
}

TEST(StatusReading, IsATableForPeople) {
  EXPECT_EQ(status_table(read_status(kStatus)),
            "ringpostd 0.1.0 (pid 4711, up 3 min 20 s, librdkafka 2.14.2, no keeper)\n"
            "\n"
            "INSTANCE  STATE       CLIENTS  LANES  ACCEPTED  DELIVERED  WAITING  DEAD LETTERS  REFUSED  "
            "OLDEST WAITING   BUFFER USED\n"
            "kafkaid   connected         2      5      1000        900       97             3       13  "
            "     2 min 5 s  1% of 256MiB\n"
            "crm       connecting        0      0         0          0        0             0        0  "
            "             -    0% of 1MiB\n"
            "\n"
            "the configuration was not taken: ringpost.toml:4:1: x\n"
            "kafkaid: not taken by Kafka: orders: a quota\n"
            "kafkaid: what its secrets and certificates are now is not used: client.key is not the key\n"
            "kafkaid: the cluster has no topic new, newer\n"
            "kafkaid: refused: BUFFER_FULL 12, UNKNOWN_TOPIC 1\n"
            "kafkaid: dead letters: unknown_topic 3\n"
            "kafkaid: disk: no room\n"
            "kafkaid: 40 of the waiting events are on disk, 50% of 2MiB\n"
            "kafkaid: 3 dead letters are kept: ringpost dead-letters list --instance kafkaid\n"
            "crm: connecting: b:1/bootstrap: refused\n");
}

}  // namespace
}  // namespace ringpost::daemon
