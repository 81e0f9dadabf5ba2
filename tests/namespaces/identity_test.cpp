// Who a script host is for a daemon in a user namespace of its own: its user and groups as the kernel translates them, and nobody where
// they have no number there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/namespaces/container.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr IdRange kDaemonIds{0, 100'000, 65'536};
constexpr IdRange kWithin{0, 100'000 + 1'000, 100};  // 0 to 99 are 1000 to 1099 for the daemon
constexpr IdRange kElsewhere{0, 300'000, 65'536};

struct Who {
  IdRange ids;
  std::string user;
  std::string groups;
};

class Identity : public testing::Test {
 protected:
  Identity() { std::filesystem::permissions(directory_.path(), std::filesystem::perms(0777)); }

  // Its first process is ringpostd itself, as this user.
  void start(const std::string& user) {
    write_file(directory_.file("ringpost.toml"), R"([daemon]
state_dir = "/run/ringpost/state"
[instance.open]
brokers = "embedded"
topics = ["orders"]
[instance.closed]
brokers = "embedded"
topics = ["orders"]
allow = { users = [1005], groups = [1006] }
)");
    ContainerSpec spec;
    spec.command = {program("ringpostd"), "--config", directory_.file("ringpost.toml")};
    spec.ids = kDaemonIds;
    spec.user = user;
    spec.mounts = {{directory_.path(), "/run/ringpost"}};
    daemon_ = std::make_unique<Container>(spec);
    const auto is_up = [this] {
      const std::string status = ask(*daemon_);
      return status.find(R"("state":"connecting")") == std::string::npos && !status.empty();
    };
    ASSERT_TRUE(wait_until([&] { return !daemon_->running() || is_up(); }) && daemon_->running())
        << daemon_->log();
  }

  static std::string ask(Container& container) {
    return container.exec({program("ringpost"), "status", "--json"}).output;
  }

  Outcome as(const Who& who, const std::vector<std::string>& command) const {
    ContainerSpec spec;
    spec.command = {program("ringpost")};
    spec.command.insert(spec.command.end(), command.begin(), command.end());
    spec.ids = who.ids;
    spec.user = who.user;
    spec.groups = who.groups;
    spec.mounts = {{directory_.path(), "/run/ringpost", true}};
    Container host(spec);
    const int status = host.wait();
    return {status, host.process().output(), host.log()};
  }
  Outcome publish(const Who& who, const std::string& instance) const {
    return as(who, {"publish", instance, "orders", R"({"id":"123"})"});
  }
  void expect_allowed(const Who& who) const {
    const Outcome outcome = publish(who, "closed");
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
  }
  void expect_refused(const Who& who) const {
    EXPECT_THAT(publish(who, "closed").errors, HasSubstr("DENIED"));
    EXPECT_EQ(publish(who, "open").status, 0);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Container> daemon_;
};

TEST_F(Identity, AllowGoesByTheNumbersThatTheDaemonsNamespaceHas) {
  start("0");
  expect_allowed({kWithin, "5", ""});     // 1005 for the daemon
  expect_refused({kWithin, "7", ""});     // 1007
  expect_allowed({kWithin, "6", ""});     // 1006, and its group 1006
  expect_allowed({kWithin, "7", "3,6"});  // 1007, and in group 1006
  expect_allowed({kDaemonIds, "0", ""});  // the daemon's root
  expect_refused({kWithin, "0", ""});     // root of its own namespace alone
}

TEST_F(Identity, WhoHasNoNumberThereIsOnNoList) {
  start("0");
  expect_refused({kElsewhere, "1005", ""});           // as it calls itself
  expect_refused({kElsewhere, "2000", "1005,1006"});  // its groups
  expect_refused({kElsewhere, "0", ""});              // its root
  expect_refused({{0, 0, 65'536}, "0", ""});          // and the machine's
  expect_refused({{0, 0, 65'536}, "1005", "1006"});
}

TEST_F(Identity, ADaemonThatRunsAsNobodyIsAdministeredByRootAlone) {
  start("65534");
  const std::string all = ask(*daemon_);
  EXPECT_THAT(all, HasSubstr(R"("name":"closed")"));
  const Who stranger{kElsewhere, "2000", ""};
  const Outcome status = as(stranger, {"status", "--json"});
  EXPECT_THAT(status.output, HasSubstr(R"("name":"open")")) << status.errors;
  EXPECT_THAT(status.output, Not(HasSubstr(R"("name":"closed")")));
  EXPECT_THAT(as(stranger, {"audit", "closed", "--config", directory_.file("ringpost.toml")}).errors,
              HasSubstr("you are uid 65534 (it has none here)"));
  expect_refused(stranger);
}

TEST_F(Identity, SixtyFiveThousandFiveHundredAndThirtyFourIsNoNumberForAllow) {
  write_file(directory_.file("wrong.toml"),
             "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n"
             "allow = { users = [65534], groups = [\"nogroup\"] }\n");
  const Outcome outcome = run({program("ringpost"), "check", directory_.file("wrong.toml")});
  EXPECT_EQ(outcome.status, 78) << outcome.errors;
  EXPECT_THAT(outcome.errors, HasSubstr("allow.users: 65534 stands for everybody of another user namespace"));
  EXPECT_THAT(outcome.errors, HasSubstr("allow.groups: 65534 stands for"));
}

}  // namespace
}  // namespace ringpost::tests
