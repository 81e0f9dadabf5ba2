// What systemd and an administrator are told of the daemon, and what systemd does about it.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Service : public Installed {
 protected:
  Service() { configure(configuration()); }

  void drop_in(const std::string& lines) {
    std::filesystem::create_directories(box_.outside("/etc/systemd/system/ringpostd.service.d"));
    box_.write("/etc/systemd/system/ringpostd.service.d/test.conf", "[Service]\n" + lines);
    box_.output_of("systemctl daemon-reload && systemctl restart ringpostd");
    wait_until_connected();
  }
  void publish(int count) {
    Publisher publisher(socket());
    for (int number = 0; number < count; ++number) {
      ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", std::to_string(number), "key", {}}), 0);
    }
  }
  void expect_sentence(const std::string& part) const {
    EXPECT_TRUE(wait_until([&] { return shown("StatusText").find(part) != std::string::npos; }))
        << shown("StatusText");
  }
  // The one thread stands, and the others go on: it alone is in a cgroup that is frozen. Those that it has started may still have its
  // name, and higher numbers.
  void freeze_thread(const std::string& name) const {
    box_.output_of(
        "set -e; group=/sys/fs/cgroup$(systemctl show --value -p ControlGroup ringpostd)/frozen\n"
        "mkdir $group; echo threaded > $group/cgroup.type\n"
        "cd /proc/$(systemctl show --value -p MainPID ringpostd)/task\n"
        "thread=$(grep -lx " +
        name +
        " */comm | sort -n | head -n 1); echo ${thread%/comm} > $group/cgroup.threads\n"
        "echo 1 > $group/cgroup.freeze");
  }
};

TEST_F(Service, AWrongConfigurationEndsTheStartAndStandsInTheStatus) {
  box_.write(kConfiguration, configuration("bufer_size = \"1MiB\"\nlinger = \"1h\""));
  EXPECT_NE(box_.shell("systemctl restart ringpostd").status, 0);
  EXPECT_THAT(box_.shell("systemctl status --no-pager ringpostd").output,
              AllOf(HasSubstr("/etc/ringpost/ringpost.toml:4:1: instance.kafkaid.bufer_size: is not a key"),
                    HasSubstr("did you mean 'buffer_size'?"), HasSubstr("(and 1 more, in the journal)")));
  EXPECT_THAT(journal(), HasSubstr("ringpost.toml:5:"));
  EXPECT_EQ(shown("ActiveState") + " " + shown("SubState") + " " + shown("ExecMainStatus"),
            "failed failed 78");
  EXPECT_EQ(shown("NRestarts"), "0");

  box_.write(kConfiguration, configuration());
  box_.output_of("systemctl start ringpostd");
  wait_until_connected();
}

TEST_F(Service, AReloadIsAllOrNothingAndOverWhenTheCommandReturns) {
  const std::string daemon = shown("MainPID");
  box_.write(kConfiguration, configuration("bufer_size = \"1MiB\"\nlinger = \"1h\""));
  EXPECT_NE(box_.shell("systemctl reload ringpostd").status, 0);
  const std::string problem = "/etc/ringpost/ringpost.toml:4:1: instance.kafkaid.bufer_size: is not a key";
  EXPECT_THAT(box_.shell("systemctl status --no-pager --lines=50 --full ringpostd").output,
              AllOf(HasSubstr("Status: \"The configuration was not taken: " + problem),
                    HasSubstr("(and 1 more, in the journal)"),
                    HasSubstr("ExecReload=/usr/bin/ringpost reload"), HasSubstr("status=78")));
  EXPECT_THAT(journal(), AllOf(HasSubstr("SIGHUP: not taken: " + problem), HasSubstr("ringpost.toml:5:")));
  publish(1);
  EXPECT_EQ(wait_until_settled().delivered, 1U);
  expect_sentence("The configuration was not taken: " + problem);

  std::string better =
      configuration() + "[instance.second]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"*\"]\n";
  box_.write(kConfiguration, better);
  box_.output_of("systemctl reload ringpostd");
  EXPECT_EQ(shown("ActiveState") + " " + shown("SubState"), "active running");
  EXPECT_THAT(box_.output_of("ringpost status"), AllOf(HasSubstr("second"), Not(HasSubstr("was not taken"))));
  EXPECT_EQ(shown("MainPID"), daemon);
  expect_sentence("0 clients. kafkaid: connected, nothing waits. second: connected, nothing waits.");

  // Without a command that waits: systemd is told that it reloads, and that it is ready again.
  box_.write(kConfiguration, configuration());
  box_.output_of("systemctl kill --kill-who=main --signal=HUP ringpostd");
  expect_sentence("0 clients. kafkaid: connected, nothing waits.");
  EXPECT_TRUE(wait_until([this] { return shown("ActiveState") == "active"; })) << shown("ActiveState");
  EXPECT_EQ(shown("MainPID") + " " + shown("NRestarts"), daemon + " 0");
  EXPECT_EQ(box_.output_of("pgrep -x ringpostd"), daemon + "\n");
}

TEST_F(Service, TheStatusSaysHowItGoes) {
  expect_sentence("0 clients. kafkaid: connected, nothing waits.");
  kafka_.stop_broker(1);
  publish(17);
  expect_sentence("kafkaid: disconnected, 17 events wait (");
  kafka_.start_broker(1);
  expect_sentence("kafkaid: connected, nothing waits.");
}

// With ringpostd.socket whoever comes before the daemon waits in its queue, and starts it.
TEST_F(Service, WithASocketUnitClientsWaitForTheDaemon) {
  box_.output_of("systemctl stop ringpostd ringpost-keeper && systemctl enable --now ringpostd.socket");
  EXPECT_EQ(box_.output_of("stat -c '%U:%G %a' /run/ringpost/ringpost.sock"), "ringpost:ringpost 660\n");
  EXPECT_EQ(shown("ActiveState"), "inactive");
  const std::string publish = "ringpost publish kafkaid orders '{}' --retry";
  EXPECT_EQ(box_.output_of(publish), "1 accepted, 0 refused\n");
  EXPECT_EQ(shown("ActiveState"), "active");
  const std::string inode = box_.output_of("stat -c %i /run/ringpost/ringpost.sock");
  box_.output_of("systemctl restart ringpostd");
  EXPECT_EQ(box_.output_of(publish), "1 accepted, 0 refused\n");
  box_.output_of("systemctl reload ringpostd && systemctl reload ringpostd");
  EXPECT_EQ(box_.output_of(publish), "1 accepted, 0 refused\n");
  box_.output_of("systemctl stop ringpostd ringpost-keeper");
  EXPECT_EQ(box_.output_of("stat -c %i /run/ringpost/ringpost.sock"), inode);
  EXPECT_EQ(box_.output_of(publish), "1 accepted, 0 refused\n");
  EXPECT_EQ(wait_until_settled().dead_letters, 0U);

  // The group may connect, and nobody else.
  const std::string as_nobody = "setpriv --reuid=nobody --regid=nogroup ";
  EXPECT_EQ(box_.output_of(as_nobody + "--groups=ringpost " + publish), "1 accepted, 0 refused\n");
  const Outcome stranger = box_.shell(as_nobody + "--clear-groups ringpost publish kafkaid orders '{}' 2>&1");
  EXPECT_NE(stranger.status, 0);
  EXPECT_THAT(stranger.output, HasSubstr("ermission denied"));

  // Clients that wait start it again and again where it can't start, and systemd does not give up over that.
  box_.output_of("systemctl stop ringpostd");
  box_.write(kConfiguration, configuration("bufer_size = \"1MiB\""));
  EXPECT_EQ(box_.shell("timeout 7 " + publish).status, 124) << "it does not wait";
  EXPECT_EQ(shown("ActiveState", "ringpostd.socket"), "active");
  EXPECT_THAT(shown("StatusText"), HasSubstr("instance.kafkaid.bufer_size"));
  box_.write(kConfiguration, configuration());
  EXPECT_EQ(box_.output_of(publish), "1 accepted, 0 refused\n");

  // And back: the daemon's own, for everybody.
  box_.output_of("systemctl disable --now ringpostd.socket && systemctl restart ringpostd");
  box_.output_of("systemctl stop ringpostd ringpost-keeper && systemctl start ringpostd");
  EXPECT_EQ(box_.output_of(as_nobody + "--clear-groups " + publish), "1 accepted, 0 refused\n");
}

TEST_F(Service, AStopThatTakesItsTimeIsNotKilled) {
  drop_in("TimeoutStopSec=1\n");
  kafka_.stop_broker(1);
  publish(100);
  ASSERT_TRUE(wait_until([this] { return status().accepted == 100; }));
  box_.output_of("systemctl stop ringpostd");  // waits 2 s for the broker
  EXPECT_EQ(shown("Result") + " " + shown("ExecMainStatus"), "success 0");
  EXPECT_THAT(
      journal(),
      HasSubstr(
          "100 of 100 accepted events wait with the keeper for the next ringpostd, 100 of them on disk"));
}

TEST_F(Service, ASlowBrokerIsNotStuckAndAThreadIs) {
  constexpr std::chrono::seconds kWatchdog{9};
  drop_in("WatchdogSec=" + std::to_string(kWatchdog.count()) + "\n");
  const std::string daemon = shown("MainPID");
  kafka_.pause();
  publish(100);
  std::this_thread::sleep_for(kWatchdog + std::chrono::seconds(4));
  EXPECT_EQ(shown("MainPID"), daemon) << "a slow broker was taken for a stuck thread";
  kafka_.resume();
  EXPECT_EQ(wait_until_settled().delivered, 100U);

  freeze_thread("kafkaid");
  const auto succeeded = [&] {
    const std::string now = shown("MainPID");
    return now != daemon && now != "0" && shown("ActiveState") == "active";
  };
  ASSERT_TRUE(wait_until(succeeded)) << journal();
  EXPECT_THAT(journal(), AllOf(HasSubstr("instance kafkaid: its thread has not answered for"),
                               HasSubstr("Watchdog timeout")));
  EXPECT_EQ(shown("NRestarts"), "1");
  wait_until_connected();
  publish(1);
  EXPECT_EQ(wait_until_settled().delivered, 101U);
}

}  // namespace
}  // namespace ringpost::tests
