// The service under traffic: restarted, killed, upgraded. The script hosts are outside of the box and reach its socket through
// the machine's own view of it; no call of theirs fails, nothing is lost, and the order of each key is kept.
#include <cstdint>
#include <iostream>

#include "tests/attack/amount.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"
#include "tests/systemd/load.hpp"

namespace ringpost::tests {
namespace {

class UnderTraffic : public Installed {
 protected:
  UnderTraffic() { configure(configuration()); }

  // Does it so often, each time with half a second's events before and after it; then all is accounted for. How many came twice.
  template <typename Deed>
  std::uint64_t expect_unnoticed(std::uint32_t times, Deed deed) {
    Load load(socket());
    for (std::uint32_t time = 0; time < times; ++time) {
      load.wait_for(Load::kPerSecond / 2);
      deed();
    }
    load.wait_for(Load::kPerSecond / 2);
    const double per_second = load.per_second();
    const std::uint64_t accepted = load.finish();
    const InstanceStatus settled = wait_until_settled();
    std::cout << times << " times under " << static_cast<std::uint64_t>(per_second)
              << " events/s: " << accepted << " events, " << load.duplicates()
              << " duplicates, and the longest pause " << load.longest_pause().count() << " ms" << std::endl;
    EXPECT_TRUE(settled.refused.empty()) << settled.refused.begin()->first << ": a call failed";
    EXPECT_GE(settled.accepted, accepted);
    EXPECT_LE(settled.accepted, accepted + Load::kProcesses)
        << "more than the calls that the publishers were killed in";
    EXPECT_EQ(settled.delivered, settled.accepted);
    EXPECT_EQ(settled.dead_letters, 0U);
    const Outcome audit = box_.run({"ringpost", "audit"});
    EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
    return load.duplicates();
  }
};

TEST_F(UnderTraffic, SystemctlRestart) {
  expect_unnoticed(amount(4), [this] { box_.output_of("systemctl restart ringpostd"); });
}

// A setting comes and goes; each time a wrong file is refused before.
TEST_F(UnderTraffic, SystemctlReload) {
  const std::string daemon = shown("MainPID");
  std::uint32_t time = 0;
  const std::uint64_t duplicates = expect_unnoticed(amount(4), [&] {
    box_.write(kConfiguration, configuration("bufer_size = \"1MiB\""));
    EXPECT_NE(box_.shell("systemctl reload ringpostd").status, 0);
    box_.write(kConfiguration, configuration(time++ % 2 == 0 ? "send_timeout = \"1h\"" : ""));
    box_.output_of("systemctl reload ringpostd");
  });
  EXPECT_EQ(duplicates, 0U);
  EXPECT_EQ(shown("MainPID") + " " + shown("NRestarts"), daemon + " 0");
}

// systemd starts it again by itself, however often.
TEST_F(UnderTraffic, SystemctlKill) {
  expect_unnoticed(amount(2), [this] {
    const std::string before = shown("MainPID");
    box_.output_of("systemctl kill --signal=KILL ringpostd");
    ASSERT_TRUE(wait_until([&] {
      const std::string now = shown("MainPID");
      return now != before && now != "0" && shown("ActiveState") == "active";
    })) << journal();
  });
}

TEST_F(UnderTraffic, AptUpgrade) {
  std::uint32_t releases = 0;
  expect_unnoticed((amount(1) + 4) / 5, [&] {
    const std::string keeper = shown("MainPID", "ringpost-keeper");
    const std::string daemon = shown("MainPID");
    // Of the same build all the while; the next number makes it an upgrade.
    box_.output_of(
        "cd /srv && rm -rf next && dpkg-deb -R ringpost_" + std::string(kOlder) +
        ".deb next && sed -i 's/^Version: .*/Version: " + kNewer + "." + std::to_string(++releases) +
        "/' next/DEBIAN/control && dpkg-deb -Znone -b next next.deb && " + apt_command("install ./next.deb"));
    EXPECT_NE(shown("MainPID"), daemon) << "the upgrade did not restart it";
    EXPECT_EQ(shown("MainPID", "ringpost-keeper"), keeper) << "the keeper was not left alone";
  });
}

// Script hosts that are connected publish on while there is no daemon, and end; the keeper has what they have left.
TEST_F(UnderTraffic, StoppedPublishedStarted) {
  Load load(socket());
  load.wait_for(Load::kPerSecond / 2);
  box_.output_of("systemctl stop ringpostd");
  EXPECT_EQ(shown("ActiveState", "ringpost-keeper"), "active");
  const std::uint64_t before = load.accepted();
  ASSERT_TRUE(wait_until([&] { return load.accepted() >= before + Load::kPerSecond; }));
  load.kill();
  box_.output_of("systemctl start ringpostd");
  const std::uint64_t accepted = load.finish();
  const InstanceStatus settled = wait_until_settled();
  EXPECT_GE(settled.delivered, accepted);
  EXPECT_LE(settled.delivered, accepted + Load::kProcesses);
  EXPECT_TRUE(settled.refused.empty());
  EXPECT_TRUE(wait_until([&] { return status().clients == 0; })) << "the keeper still has their lanes";
}

// What waits when the machine goes down is on its disk, and is delivered when it is up again, in order. A script host that says
// After=ringpostd.service may publish in its last moment.
TEST_F(UnderTraffic, Reboot) {
  constexpr int kEvents = 2'000;
  box_.write("/etc/systemd/system/script-host.service",
             "[Unit]\nAfter=ringpostd.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\n"
             "ExecStop=ringpost publish kafkaid others 4711\n[Install]\nWantedBy=multi-user.target\n");
  box_.output_of("systemctl enable --now script-host");
  kafka_.stop_broker(1);
  {
    Publisher publisher(socket());
    for (int number = 0; number < kEvents; ++number) {
      ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", std::to_string(number), "key", {}}), 0);
    }
  }
  box_.reboot();
  kafka_.start_broker(1);
  wait_until_connected();
  wait_until_settled();
  int next = 0;
  for (const Record& record : read_with_kcat(kafka_.brokers(), "orders"))
    ASSERT_EQ(record.message, std::to_string(next++));
  EXPECT_EQ(next, kEvents);
  const std::vector<Record> farewells = read_with_kcat(kafka_.brokers(), "others");
  ASSERT_EQ(farewells.size(), 1U) << box_.output_of("journalctl --no-pager -u script-host");
  EXPECT_EQ(farewells[0].message, "4711");
}

}  // namespace
}  // namespace ringpost::tests
