// A user that is not on an instance's list: knows its name, gets no memory of it, does not see it in the status.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>

#include <boost/json.hpp>

#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr uid_t kStranger = 54321;  // nobody's, as user and as group

const std::string kInstances = R"(
[instance.closed]
brokers = "embedded"
topics = ["orders"]
allow = { users = ["daemon"] }
[instance.open]
brokers = "embedded"
topics = ["orders"]
)";

bool become_a_stranger() {
  return ::setgroups(0, nullptr) == 0 && ::setgid(kStranger) == 0 && ::setuid(kStranger) == 0;
}

// Runs it in a child; as a stranger when the tests are root's, who may use everything.
bool holds_for_a_stranger(const std::function<bool()>& condition) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && !become_a_stranger()) ::_exit(2);
    try {
      ::_exit(condition() ? 0 : 1);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      ::_exit(3);
    }
  }
  int status = 0;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class PermissionTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::permissions(std::filesystem::path(daemon_.socket()).parent_path(),
                                 std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  }
  Daemon daemon_{kInstances};
};

TEST_F(PermissionTest, AStrangerGetsNoMemoryOfAClosedInstance) {
  EXPECT_TRUE(holds_for_a_stranger([this] {
    RawClient client(daemon_.socket());
    client.hello();
    const ipc::Received closed = client.open_instance(0);
    return closed.frame.header.type == ipc::FrameType::kInstance &&
           ipc::text_field(closed.frame.body.instance.name) == "closed" &&
           closed.frame.body.instance.allowed == 0 && !closed.descriptors[0] && !closed.descriptors[1];
  }));
}

TEST_F(PermissionTest, TheLogSaysOnceWhoIsDenied) {
  EXPECT_TRUE(holds_for_a_stranger([this] {
    for (int clients = 0; clients < 3; ++clients) {
      RawClient client(daemon_.socket());
      client.hello();
      client.open_instance(0);
      client.open_instance(1);
    }
    RawClient last(daemon_.socket());
    last.hello();
    last.open_instance(1);
    last.open_instance(1);  // a line that comes behind those of the others
    return last.wait_until_ended();
  }));
  ASSERT_TRUE(
      wait_until([this] { return daemon_.log().find("it opened an instance twice") != std::string::npos; }));
  const std::string log = daemon_.log();
  const std::size_t first = log.find("may not use instance closed, whose allow does not name it");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("may not use instance", first + 1), std::string::npos) << log;
}

TEST_F(PermissionTest, AStrangerGetsNoLaneOfAClosedInstance) {
  EXPECT_TRUE(holds_for_a_stranger([this] {
    RawClient client(daemon_.socket());
    client.hello();
    client.open_instance(0);
    const ipc::Received lane = client.open_lane(0);
    return refusal_of(lane) == ipc::Refusal::kDenied && !lane.descriptors[0] &&
           refusal_text(lane).find("may not use instance closed") != std::string::npos;
  }));
}

TEST_F(PermissionTest, AStrangerSeesInTheStatusWhatItMayUse) {
  EXPECT_TRUE(holds_for_a_stranger([this] {
    RawClient client(daemon_.socket());
    client.hello();
    const auto instances = boost::json::parse(client.status()).at("instances").as_array();
    // The daemon's own user sees all; tests that are not root's are that user.
    return ::geteuid() == kStranger ? instances.size() == 1 && instances[0].at("name") == "open"
                                    : instances.size() == 2;
  }));
  RawClient own(daemon_.socket());
  own.hello();
  EXPECT_EQ(boost::json::parse(own.status()).at("instances").as_array().size(), 2U);
}

ipc::Frame purge_frame(const char* instance) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kLetters, 0);
  ipc::set_text_field(frame.body.letters.instance, instance);
  frame.body.letters.action = static_cast<std::uint32_t>(ipc::LetterAction::kPurge);
  frame.body.letters.count = 1;
  frame.body.letters.letters[0] = {std::uint64_t{1} << 32U | 64, 1};
  return frame;
}

TEST_F(PermissionTest, AStrangerDecidesAboutNoDeadLetters) {
  EXPECT_TRUE(holds_for_a_stranger([this] {
    if (::geteuid() != kStranger) return true;  // the daemon's own user
    RawClient client(daemon_.socket());
    const ipc::Received answer = client.ask(purge_frame("open"));
    return refusal_of(answer) == ipc::Refusal::kDenied &&
           refusal_text(answer).find("only root and the user that ringpostd runs as") != std::string::npos &&
           client.wait_until_ended();
  }));
}

TEST_F(PermissionTest, TheDaemonsOwnUserMayAskAboutDeadLettersWithAndWithoutAHello) {
  RawClient client(daemon_.socket());
  const ipc::Received unknown = client.ask(purge_frame("open"));
  ASSERT_EQ(unknown.frame.header.type, ipc::FrameType::kLettersDone);
  EXPECT_EQ(unknown.frame.body.letters_done.count, 1U);
  EXPECT_EQ(unknown.frame.body.letters_done.results[0],
            static_cast<std::uint32_t>(ipc::LetterResult::kNotFound));
  EXPECT_TRUE(client.wait_until_ended()) << "it is no client";
  RawClient greeted(daemon_.socket());
  greeted.hello();
  EXPECT_EQ(refusal_of(greeted.ask(purge_frame("nobody"))), ipc::Refusal::kNoSuchInstance);
  EXPECT_TRUE(greeted.ping());
  ipc::Frame wrong = purge_frame("open");
  wrong.body.letters.count = 9;
  greeted.send(wrong);
  EXPECT_TRUE(greeted.wait_until_ended());
}

TEST_F(PermissionTest, AStrangerMayUseAnOpenInstance) {
  EXPECT_TRUE(holds_for_a_stranger([this] {
    RawClient client = client_with_lane(daemon_.socket(), 1);
    return client.publish("orders", "1");
  }));
}

}  // namespace
}  // namespace ringpost::tests
