// What a line is about is a field of its own in the journal, and nobody can fill it.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// So many users connect `times` times each, send what is no frame, and print their pids.
std::string rude_clients(int first_uid, int users, int times) {
  const int end = first_uid + users;
  return "python3 -c '\n"
         "import os, socket\n"
         "for uid in range(" +
         std::to_string(first_uid) + ", " + std::to_string(end) +
         "):\n"
         "  if os.fork() == 0:\n"
         "    os.setuid(uid)\n"
         "    for time in range(" +
         std::to_string(times) +
         "):\n"
         "      s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
         "      s.connect(\"/run/ringpost/ringpost.sock\")\n"
         "      s.send(b\"x\\nINSTANCE=forged\")\n"
         "      s.recv(1)\n"
         "    print(os.getpid(), flush=True)\n"
         "    os._exit(0)\n"
         "  os.wait()'";
}

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of('\n') + 1);
  return text;
}

class Journal : public Installed {
 protected:
  // The daemon's lines with these fields.
  std::string lines(const std::string& fields) const {
    return box_.output_of("journalctl --no-pager --quiet -o cat -u ringpostd " + fields + " || true");
  }
  void expect_line(const std::string& fields, const std::string& part) const {
    EXPECT_TRUE(wait_until([&] { return lines(fields).find(part) != std::string::npos; }))
        << fields << ":\n"
        << lines(fields) << "all:\n"
        << journal();
  }
};

TEST_F(Journal, LinesAreFoundByWhatTheyAreAbout) {
  std::string two = configuration() + "[instance.second]\nbrokers = [\"127.0.0.1:1\"]\ntopics = [\"*\"]\n";
  two.replace(two.find("\"others\""), 8, "\"nowhere\"");
  configure(two);
  expect_line("INSTANCE=kafkaid TOPIC=nowhere ERROR_CODE=UNKNOWN_TOPIC", "the cluster has no topic nowhere");
  expect_line("INSTANCE=second ERROR_CODE=NOT_CONNECTED", "not connected to Kafka");
  EXPECT_THAT(lines("INSTANCE=second"), Not(HasSubstr("kafkaid")));

  const std::string pid = trimmed(box_.output_of(rude_clients(12345, 1, 1)));
  expect_line("CLIENT_PID=" + pid + " ERROR_CODE=protocol_error", "it sent something that is no frame");
  EXPECT_EQ(lines("INSTANCE=forged"), "");
  EXPECT_THAT(box_.output_of("journalctl --no-pager -o json -u ringpostd CLIENT_PID=" + pid),
              AllOf(HasSubstr("\"PRIORITY\":\"4\""), HasSubstr("\"SYSLOG_IDENTIFIER\":\"ringpostd\""),
                    Not(HasSubstr("\"INSTANCE\""))));

  kafka_.stop_broker(1);
  expect_line("INSTANCE=kafkaid ERROR_CODE=NOT_CONNECTED", "no broker can be reached any more");

  EXPECT_THAT(box_.output_of("journalctl -F ERROR_CODE"),
              AllOf(HasSubstr("NOT_CONNECTED"), HasSubstr("UNKNOWN_TOPIC"), HasSubstr("protocol_error")));

  // What waits for a topic that is taken off the list becomes dead letters.
  {
    Publisher publisher(socket());
    ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", "{}", "key", {}}), 0);
  }
  box_.write(kConfiguration,
             "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"others\"]\n");
  box_.output_of("systemctl restart ringpostd");
  expect_line("INSTANCE=kafkaid TOPIC=orders ERROR_CODE=topic_removed", "is a dead letter: topic_removed");
}

// One user's mistakes are five lines in ten seconds, whatever their number; those of many users are what the unit allows.
TEST_F(Journal, ItsLinesAreLimited) {
  configure(configuration());
  const auto count = [this] {
    const std::string found = lines("ERROR_CODE=protocol_error");
    return std::count(found.begin(), found.end(), '\n');
  };
  box_.output_of(rude_clients(12345, 1, 200));
  expect_line("ERROR_CODE=protocol_error", "(uid 12345, ");
  EXPECT_LE(count(), 10) << "200 connections were logged as they came";
  // systemd's limit is for all lines of the unit together; journald multiplies it where the disk has room, by less than 10.
  EXPECT_EQ(shown("LogRateLimitBurst") + " " + shown("LogRateLimitIntervalUSec"), "1000 30s");
  std::filesystem::create_directories(box_.outside("/etc/systemd/system/ringpostd.service.d"));
  box_.write("/etc/systemd/system/ringpostd.service.d/test.conf",
             "[Service]\nLogRateLimitBurst=10\nLogRateLimitIntervalSec=5s\n");
  box_.output_of("systemctl daemon-reload && systemctl restart ringpostd");
  EXPECT_THAT(journal(), HasSubstr("protocol/uid 12345: 195 more lines like this, not shown"));

  wait_until_connected();
  // journald says so with the first line of the next interval.
  int first_uid = 20'000;
  EXPECT_TRUE(wait_until([&] {
    box_.output_of(rude_clients(first_uid += 40, 40, 5));
    return box_.output_of("journalctl --no-pager -o cat").find("messages from ringpostd.service") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace ringpost::tests
