// Who may use an instance.
#include "daemon/control/access.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace ringpost::daemon {
namespace {

Credentials user(uid_t uid, gid_t gid = 5000, std::vector<gid_t> groups = {}) {
  return {{4711, uid, gid}, std::move(groups)};
}

AllowConfig allow(std::vector<uid_t> users, std::vector<gid_t> groups = {}) {
  AllowConfig config;
  config.user_ids = std::move(users);
  config.group_ids = std::move(groups);
  return config;
}

TEST(Access, WithoutAnAllowEverybodyMay) {
  EXPECT_TRUE(may_use({}, user(1001)));
  EXPECT_TRUE(may_use({}, user(65534, 65534)));
}

TEST(Access, AUserOfTheListMayAndAnotherMayNot) {
  EXPECT_TRUE(may_use(allow({1001, 1002}), user(1002)));
  EXPECT_FALSE(may_use(allow({1001, 1002}), user(1003)));
}

TEST(Access, ThePrimaryAndEverySupplementaryGroupCounts) {
  EXPECT_TRUE(may_use(allow({}, {77}), user(1001, 77)));
  EXPECT_TRUE(may_use(allow({}, {77}), user(1001, 5000, {5, 77})));
  EXPECT_FALSE(may_use(allow({}, {77}), user(1001, 5000, {5, 78})));
}

TEST(Access, AListOfUsersIsNoListOfGroups) {
  EXPECT_FALSE(may_use(allow({77}), user(1001, 77, {77})));
  EXPECT_FALSE(may_use(allow({}, {1001}), user(1001)));
}

TEST(Access, RootMayAlways) { EXPECT_TRUE(may_use(allow({1001}), user(0, 0))); }

TEST(Access, TheUnmappedIdsAreOnNoList) {
  EXPECT_FALSE(may_use(allow({65534}), user(65534)));
  EXPECT_FALSE(may_use(allow({}, {65534}), user(1001, 65534, {65534})));
}

TEST(Access, TheStatusOfAllIsForRootAndTheDaemonsUser) {
  EXPECT_TRUE(may_see_all(user(0)));
  EXPECT_TRUE(may_see_all(user(::geteuid())));
  EXPECT_FALSE(may_see_all(user(::geteuid() + 1)));
}

TEST(Access, TheUnmappedSeeNothingOfADaemonThatRunsAsNobody) {
  EXPECT_TRUE(may_see_all(user(1001), 1001));
  EXPECT_FALSE(may_see_all(user(65534), 65534));
  EXPECT_TRUE(may_see_all(user(0), 65534));
}

TEST(Access, WhoHasNoNumberHereIsNamedWithoutOne) {
  EXPECT_EQ(user(1001).text(), "uid 1001, pid 4711");
  EXPECT_EQ((Credentials{{0, 1001, 5000}, {}}.text()), "uid 1001, in another pid namespace");
  EXPECT_EQ((Credentials{{0, 65534, 65534}, {}}.text()),
            "uid 65534 (it has none here), in another pid namespace");
}

TEST(Access, TheKernelSaysWhoIsAtTheOtherEnd) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Credentials who = credentials_of(ends[0]);
  EXPECT_EQ(who.peer.pid, ::getpid());
  EXPECT_EQ(who.peer.uid, ::geteuid());
  EXPECT_EQ(who.peer.gid, ::getegid());

  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  ASSERT_GE(::getgroups(static_cast<int>(groups.size()), groups.data()), 0);
  std::vector<gid_t> seen = who.groups;
  std::sort(groups.begin(), groups.end());
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, groups);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace ringpost::daemon
