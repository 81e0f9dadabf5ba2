// Clients in namespaces of their own, as containers have them. util-linux' unshare makes the namespaces;
// without the right to (root, or user namespaces for everybody) these tests fail: they do not pretend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kInstance = R"(
[instance.kafkaid]
brokers = "embedded"
topics = ["orders"]
)";

// unshare with these options; whoever is not root becomes root of a user namespace first.
std::vector<std::string> in_namespaces(const std::vector<std::string>& options,
                                       const std::vector<std::string>& command) {
  std::vector<std::string> words{"unshare"};
  if (::geteuid() != 0) words.emplace_back("--map-root-user");
  words.insert(words.end(), options.begin(), options.end());
  words.emplace_back("--");
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> publish_to(const std::string& socket) {
  return {program("ringpost"), "publish", "--socket", socket, "kafkaid", "orders",
          R"({"id":"123"})",   "--key",   "key"};
}

TEST(Namespaces, AClientWithAClockOfItsOwnIsRefusedWithThatReason) {
  Daemon daemon(kInstance);
  daemon.wait_until_connected("kafkaid");

  const Outcome outcome =
      run(in_namespaces({"--time", "--fork", "--monotonic", "100000"}, publish_to(daemon.socket())));
  EXPECT_EQ(outcome.status, 69);  // as ringpost(1) says: no daemon to talk to
  EXPECT_THAT(outcome.errors, HasSubstr("time namespace"));
  EXPECT_EQ(daemon.status("kafkaid").accepted, 0U);

  // The same namespace with the same clock is no reason.
  const Outcome same_clock =
      run(in_namespaces({"--time", "--fork", "--monotonic", "0"}, publish_to(daemon.socket())));
  EXPECT_EQ(same_clock.status, 0) << same_clock.errors;
  daemon.wait_until_delivered("kafkaid", 1);
}

// As a container has it: nothing is shared but the folder that holds the socket, mounted somewhere else.
TEST(Namespaces, AClientInItsOwnPidMountNetAndIpcNamespacesPublishes) {
  Daemon daemon(kInstance);
  daemon.wait_until_connected("kafkaid");
  TemporaryDirectory container;
  const std::string mounted = container.file("run");
  const std::string socket_folder = daemon.socket().substr(0, daemon.socket().rfind('/'));
  // The folder's own path is covered by an empty one: only the mount leads to the socket.
  const std::string script =
      "mkdir \"$1\" && mount --bind \"$2\" \"$1\" && mount -t tmpfs none \"$2\" && "
      "test ! -e \"$2/ringpost.sock\" && test $$ -le 2 && shift 2 && exec \"$@\"";
  std::vector<std::string> command{"sh", "-c", script, "sh", mounted, socket_folder};
  const std::vector<std::string> publish = publish_to(mounted + "/ringpost.sock");
  command.insert(command.end(), publish.begin(), publish.end());

  const Outcome outcome =
      run(in_namespaces({"--pid", "--fork", "--mount", "--mount-proc", "--net", "--ipc"}, command));
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  daemon.wait_until_delivered("kafkaid", 1);
  const std::vector<Record> records = daemon.consume("kafkaid", "orders");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].key, "key");
  EXPECT_EQ(records[0].message, R"({"id":"123"})");
}

}  // namespace
}  // namespace ringpost::tests
