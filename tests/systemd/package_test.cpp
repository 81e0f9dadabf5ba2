// The life of the package ringpost: its first installation, upgrades, a downgrade, its removal and return.
#include <gmock/gmock.h>

#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Package : public Installed {
 protected:
  std::string installed_version() const {
    return box_.output_of("dpkg-query --show --showformat='${Version} ${db:Status-Status}' ringpost");
  }
  // As tens of what `systemd-analyze security` prints: 1.3 is 13.
  int exposure_of(const std::string& unit) const {
    const std::string printed =
        box_.output_of("systemd-analyze security --no-pager " + unit + " | tail -n 1");
    std::string number = printed.substr(printed.rfind(": ") + 2);
    number.erase(1, 1);
    return std::stoi(number);
  }
  // Of the newer package, with another configuration file in it.
  void change_conffile_of_newer() const {
    box_.output_of("cd /srv && dpkg-deb -R ringpost_" + std::string(kNewer) +
                   ".deb next && echo '# new' >> next/etc/ringpost/ringpost.toml" +
                   " && dpkg-deb -Znone -b next ringpost_" + kNewer + ".deb");
  }
};

TEST_F(Package, TheFirstInstallationSaysWhatRunsAndTheDemoWorks) {
  EXPECT_EQ(installed_version(), std::string(kOlder) + " installed");
  EXPECT_THAT(box_.output_of("systemctl status --no-pager ringpostd"),
              AllOf(HasSubstr("Active: active (running)"), HasSubstr("/run/ringpost/ringpost.sock"),
                    HasSubstr("instance demo: an embedded test cluster"), HasSubstr("switched off")));
  EXPECT_EQ(shown("ActiveState", "ringpost-keeper"), "active");
  EXPECT_EQ(box_.output_of("systemctl is-enabled ringpostd ringpost-keeper"), "enabled\nenabled\n");
  EXPECT_THAT(journal(), Not(HasSubstr("no keeper runs")));
  EXPECT_EQ(box_.output_of("stat -c '%U:%G %a' /run/ringpost /var/lib/ringpost"),
            "ringpost:ringpost 755\nringpost:ringpost 750\n");
  EXPECT_LE(exposure_of("ringpostd"), 15);
  EXPECT_LE(exposure_of("ringpost-keeper"), 10);

  // What the configuration's comments say; calls failed before.
  EXPECT_THAT(box_.shell("ringpost publish demo topicName '{}'").errors, HasSubstr("DISABLED"));
  const std::string configuration = box_.read(kConfiguration);
  std::string commands;
  for (std::size_t at = 0; (at = configuration.find("#     ", at)) != std::string::npos;) {
    const std::size_t end = configuration.find('\n', at);
    commands += configuration.substr(at + 6, end - at - 6) + "\n";
    at = end;
  }
  EXPECT_THAT(box_.output_of("set -e\n" + commands),
              AllOf(HasSubstr("1 accepted, 0 refused"), HasSubstr("message  {\"id\":\"123\"}")));
  EXPECT_EQ(box_.output_of("source /usr/share/bash-completion/completions/ringpost; COMP_WORDS=(ringpost "
                           "dead-letters rep); COMP_CWORD=2; _ringpost; echo \"${COMPREPLY[@]}\"; "
                           "COMP_WORDS=(ringpost status --js); _ringpost; echo \"${COMPREPLY[@]}\""),
            "replay\n--json\n");
  EXPECT_EQ(box_.output_of("man --where ringpostd ringpost.toml ringpost-keeper ringpost | wc -l"), "4\n");
}

TEST_F(Package, UpgradesKeepTheConfigurationAndTheDaemonWhereTheNewOneCouldNotStart) {
  configure(configuration());
  put_package(kNewer);
  change_conffile_of_newer();
  const std::string configured = box_.read(kConfiguration);
  const Outcome upgraded = box_.shell(apt_command("install /srv/ringpost_" + std::string(kNewer) + ".deb"));
  ASSERT_EQ(upgraded.status, 0) << upgraded.output << upgraded.errors;
  EXPECT_EQ(installed_version(), std::string(kNewer) + " installed");
  EXPECT_EQ(box_.read(kConfiguration), configured);
  EXPECT_THAT(box_.read(std::string(kConfiguration) + ".dpkg-dist"), HasSubstr("# new"));
  wait_until_connected();

  // An older release may not understand what this one has left.
  const std::string daemon = shown("MainPID");
  const Outcome back = apt_install(kOlder, "--allow-downgrades");
  EXPECT_NE(back.status, 0);
  EXPECT_THAT(back.output + back.errors, HasSubstr("can't be replaced by the older"));
  EXPECT_EQ(installed_version(), std::string(kNewer) + " installed");
  EXPECT_EQ(shown("MainPID"), daemon);

  box_.write(kConfiguration, configured + "unknown_key = 1\n");
  const Outcome again =
      box_.shell(apt_command("install --reinstall /srv/ringpost_" + std::string(kNewer) + ".deb"));
  EXPECT_EQ(again.status, 0) << again.output << again.errors;
  EXPECT_THAT(again.output + again.errors, AllOf(HasSubstr("ringpost.toml:5:1: instance.kafkaid.unknown_key"),
                                                 HasSubstr("the former ringpostd goes on")));
  EXPECT_EQ(shown("MainPID"), daemon);
}

TEST_F(Package, RemovalKeepsWhatWaitsAndPurgeAsksNothing) {
  configure(configuration());
  kafka_.stop_broker(1);
  {
    Publisher publisher(socket());
    ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", "{}", "key", {}}), 0);
  }
  ASSERT_TRUE(wait_until([this] { return status().accepted == 1; }));
  box_.output_of(apt_command("remove ringpost"));
  EXPECT_EQ(box_.shell("pgrep ringpost").output, "");
  EXPECT_THAT(box_.output_of("find /var/lib/ringpost -name 'spool-*.log'"), HasSubstr("/kafkaid/spool-"));
  EXPECT_NE(box_.read(kConfiguration), "");

  kafka_.start_broker(1);
  install(kOlder);
  wait_until_connected();
  wait_until_settled();
  EXPECT_EQ(read_with_kcat(kafka_.brokers(), "orders").size(), 1U);

  box_.output_of(apt_command("purge ringpost"));
  EXPECT_EQ(box_.shell("ls -d /var/lib/ringpost /run/ringpost /etc/ringpost; systemctl list-unit-files | "
                       "grep ringpost; pgrep ringpost")
                .output,
            "");
  install(kOlder);
  EXPECT_EQ(shown("ActiveState"), "active");
  EXPECT_EQ(status("demo").accepted, 0U);
}

}  // namespace
}  // namespace ringpost::tests
