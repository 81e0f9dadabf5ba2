// What an administrator or the machine has got wrong: each stands in `systemctl status`, with what to do, and once it is mended the
// daemon comes up, by itself or at the next start.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kDropIn = "/etc/systemd/system/ringpostd.service.d/test.conf";

class BadInput : public Installed {
 protected:
  BadInput() { configure(configuration()); }

  void drop_in(const std::string& lines) {
    std::filesystem::create_directories(std::filesystem::path(box_.outside(kDropIn)).parent_path());
    box_.write(kDropIn, "[Service]\n" + lines);
    box_.output_of("systemctl daemon-reload");
  }
  // It ends with `code` and says `part`; systemd tries again.
  void expect_tried_again(const std::string& code, const std::string& part) {
    EXPECT_NE(box_.shell("systemctl start ringpostd").status, 0);
    EXPECT_EQ(shown("ExecMainStatus"), code) << journal();
    EXPECT_THAT(shown("StatusText"), HasSubstr(part));
    EXPECT_TRUE(wait_until([this] { return shown("NRestarts") != "0"; }));
  }
  void expect_up_by_itself() {
    EXPECT_TRUE(wait_until([this] { return shown("ActiveState") == "active"; })) << journal();
    wait_until_connected();
  }
};

TEST_F(BadInput, IsSaidAndMended) {
  box_.output_of("systemctl stop ringpostd");
  // Another program on the socket.
  box_.output_of(
      "systemd-run --unit=other -p ExecStartPre='rm -f /run/ringpost/ringpost.sock' "
      "/usr/bin/python3 -c 'import os, socket, time; os.umask(0); s = socket.socket(socket.AF_UNIX, "
      "socket.SOCK_SEQPACKET); "
      "s.bind(\"/run/ringpost/ringpost.sock\"); s.listen(); time.sleep(600)'");
  ASSERT_TRUE(wait_until([this] { return box_.shell("test -S /run/ringpost/ringpost.sock").status == 0; }));
  expect_tried_again("69",
                     "/run/ringpost/ringpost.sock is a socket that another program uses: it was left alone; "
                     "set daemon.socket elsewhere");
  box_.output_of("systemctl stop other");
  expect_up_by_itself();

  // No place for the socket's lock.
  box_.output_of(
      "systemctl stop ringpostd && rm /run/ringpost/* && mount -t tmpfs -o nr_inodes=1 full /run/ringpost");
  expect_tried_again("69", "can't create /run/ringpost/ringpost.sock.lock: ");
  box_.output_of("umount /run/ringpost");
  expect_up_by_itself();

  // A filter, an administrator's or a container's, that leaves no way to make shared memory.
  box_.output_of("systemctl stop ringpostd");
  drop_in("SystemCallFilter=~memfd_create\n");
  expect_tried_again("69", "memfd_create");
  // One that kills: no process can say anything then.
  box_.output_of("systemctl stop ringpostd");
  drop_in("SystemCallFilter=~memfd_create\nSystemCallErrorNumber=kill\n");
  expect_tried_again("31", "");
  EXPECT_THAT(journal(),
              HasSubstr("killed for a system call that a filter forbids: look for SystemCallFilter="));
  drop_in("");
  expect_up_by_itself();

  // A state directory that is somebody else's: it runs without, and says so.
  box_.write(kConfiguration, "[daemon]\nstate_dir = \"/srv/state\"\n" + configuration());
  drop_in("ReadWritePaths=/srv/state\n");
  box_.output_of("mkdir -m 700 /srv/state && systemctl restart ringpostd");
  EXPECT_TRUE(wait_until([this] { return shown("StatusText").find("disk: ") != std::string::npos; }))
      << shown("StatusText");
  EXPECT_THAT(shown("StatusText"), HasSubstr("/srv/state"));
}

TEST_F(BadInput, Credentials) {
  const std::string password = "/run/credentials/ringpostd.service/kafkaid-password";
  box_.write(kConfiguration, configuration("username = \"crm\"\npassword_file = \"" + password +
                                           "\"\n[instance.kafkaid.librdkafka]\n\"security.protocol\" = "
                                           "\"sasl_plaintext\"\n\"sasl.mechanism\" = \"PLAIN\""));
  EXPECT_NE(box_.shell("systemctl restart ringpostd").status, 0);
  EXPECT_EQ(shown("ExecMainStatus"), "78");
  EXPECT_THAT(shown("StatusText"),
              AllOf(HasSubstr("ringpost.toml:5:17: instance.kafkaid.password_file: "), HasSubstr(password)));

  drop_in("LoadCredential=kafkaid-password:/etc/ringpost/password\n");
  EXPECT_NE(box_.shell("systemctl start ringpostd").status, 0);
  EXPECT_EQ(shown("ExecMainStatus"), "243");
  box_.output_of("systemctl stop ringpostd");
  box_.output_of("install -m 600 /dev/null /etc/ringpost/password && echo secret > /etc/ringpost/password");
  box_.output_of("systemctl start ringpostd");
  // Which only systemd can read on the machine's disk.
  box_.output_of(
      "systemd-creds encrypt --with-key=host --name=kafkaid-password /etc/ringpost/password "
      "/etc/ringpost/password.encrypted && rm /etc/ringpost/password");
  drop_in("LoadCredentialEncrypted=kafkaid-password:/etc/ringpost/password.encrypted\n");
  box_.output_of("systemctl restart ringpostd");
  EXPECT_EQ(box_.output_of("cat " + password), "secret\n");
  box_.output_of("systemctl reload ringpostd");
  EXPECT_THAT(box_.output_of("ringpost check " + std::string(kConfiguration)), HasSubstr("good, 1 instance"));
}

}  // namespace
}  // namespace ringpost::tests
