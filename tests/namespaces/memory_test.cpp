// To whom the memory is charged that both sides have: who touches a page first, and that is who writes it.
#include <gtest/gtest.h>

#include <string>

#include "tests/namespaces/memory_group.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint64_t kLaneBytes = std::uint64_t{4} << 20;
constexpr std::uint64_t kKiB = 1024;

TEST(Memory, LanesAreChargedToTheScriptHostAndAllElseToTheDaemon) {
  const MemoryGroup daemons("daemon");
  const MemoryGroup hosts("host");
  Daemon daemon(
      "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n"
      "lane_size = \"4MiB\"\nbuffer_size = \"64MiB\"\n");
  daemon.stop();
  daemon.launch(daemons.around({}));
  daemon.wait_until_serving();
  daemon.wait_until_connected("kafkaid");
  const std::uint64_t before = daemons.shared_bytes();

  ProcessOptions options;
  options.hold_standard_input = true;
  Process host(hosts.around({program("ringpost"), "publish", "--socket", daemon.socket(), "kafkaid", "orders",
                             "--lines"}),
               options);
  host.write("{\"id\":\"123\"}\n");
  daemon.wait_until_delivered("kafkaid", 1);
  // Its pages are touched before a lane may be used; others are opened ahead.
  EXPECT_TRUE(wait_until([&] { return hosts.shared_bytes() >= kLaneBytes; })) << hosts.shared_bytes();
  EXPECT_LT(daemons.shared_bytes() - before, kLaneBytes) << "a board and a chunk of the buffer are less";
  std::cout << "charged to the script host: " << hosts.shared_bytes() / kKiB
            << " KiB, to the daemon for it: " << (daemons.shared_bytes() - before) / kKiB << " KiB"
            << std::endl;

  host.close_standard_input();
  EXPECT_EQ(host.wait(), 0) << host.errors();
  EXPECT_TRUE(wait_until([&] { return hosts.shared_bytes() == 0; }))
      << hosts.shared_bytes() << " stay charged";
}

}  // namespace
}  // namespace ringpost::tests
