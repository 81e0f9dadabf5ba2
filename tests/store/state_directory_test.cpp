#include "daemon/store/state_directory.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {
namespace {

using daemon::StateDirectory;
using testing::AllOf;
using testing::HasSubstr;

class StateDirectoryTest : public testing::Test {
 protected:
  std::unique_ptr<StateDirectory> open(bool create = true) {
    return StateDirectory::open(path_, create, problem_);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }

  TemporaryDirectory parent_;
  const std::string path_ = parent_.file("state");
  std::string problem_;
};

TEST_F(StateDirectoryTest, IsMadeForItsOwnerAlone) {
  const auto state = open();
  ASSERT_TRUE(state) << problem_;
  EXPECT_EQ(mode_of(path_), 0750U);
  const std::string instance = state->instance_directory("kafkaid", problem_);
  EXPECT_EQ(instance, path_ + "/kafkaid");
  EXPECT_EQ(instance, StateDirectory::instance_path(path_, "kafkaid"));
  EXPECT_EQ(mode_of(instance), 0700U);
  EXPECT_EQ(state->instance_directory("kafkaid", problem_), instance);
  EXPECT_EQ(state->instance_directory("lock", problem_), path_ + "/lock");  // a name as any other
}

TEST_F(StateDirectoryTest, IsNotMadeUnlessThatIsAskedFor) {
  EXPECT_FALSE(open(false));
  EXPECT_THAT(problem_, AllOf(HasSubstr(path_), HasSubstr("No such file")));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(StateDirectoryTest, NeedsItsParent) {
  EXPECT_FALSE(StateDirectory::open(path_ + "/below", true, problem_));
  EXPECT_THAT(problem_, AllOf(HasSubstr(path_ + "/below"), HasSubstr("create the directory it lies in")));
}

TEST_F(StateDirectoryTest, ASecondDaemonIsToldWhoHasIt) {
  auto first = open();
  ASSERT_TRUE(first) << problem_;
  EXPECT_FALSE(open());
  EXPECT_THAT(problem_,
              AllOf(HasSubstr(path_), HasSubstr("pid " + std::to_string(::getpid())), HasSubstr("stop it")));
  first.reset();
  EXPECT_TRUE(open()) << problem_;
}

TEST_F(StateDirectoryTest, AFileInItsPlaceIsLeftAlone) {
  write_file(path_, "somebody's");
  EXPECT_FALSE(open());
  EXPECT_THAT(problem_, HasSubstr("is not a directory"));
  EXPECT_EQ(read_file(path_), "somebody's");
}

TEST_F(StateDirectoryTest, WhatEverybodyCanWriteIsRefused) {
  std::filesystem::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
  EXPECT_FALSE(open());
  EXPECT_THAT(problem_, AllOf(HasSubstr(path_), HasSubstr("everybody"), HasSubstr("chmod")));
  EXPECT_TRUE(std::filesystem::is_empty(path_));
}

TEST_F(StateDirectoryTest, AnotherUsersIsRefused) {
  std::filesystem::create_directory(path_);
  // Without the right to give it away: one that is another user's anyway.
  const bool given = ::chown(path_.c_str(), 12345, 12345) == 0;
  EXPECT_FALSE(given ? open() : StateDirectory::open("/proc", true, problem_));
  EXPECT_THAT(problem_, HasSubstr("belongs to user"));
  if (given) {
    EXPECT_TRUE(std::filesystem::is_empty(path_));
  }
}

TEST_F(StateDirectoryTest, ADirectoryWithSomethingElseInItIsLeftAlone) {
  std::filesystem::create_directory(path_);
  write_file(path_ + "/photo.jpg", "x");
  EXPECT_FALSE(open());
  EXPECT_THAT(problem_, AllOf(HasSubstr(path_), HasSubstr("holds something else")));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/.lock"));
  std::filesystem::remove(path_ + "/photo.jpg");
  std::filesystem::create_directory(path_ + "/lost+found");  // a file system of its own
  EXPECT_TRUE(open()) << problem_;
  write_file(path_ + "/photo.jpg", "x");  // ours once, ours still
  EXPECT_TRUE(open()) << problem_;
}

TEST_F(StateDirectoryTest, AnInstancesFolderHasToBeOne) {
  const auto state = open();
  ASSERT_TRUE(state) << problem_;
  write_file(path_ + "/file", "x");
  EXPECT_EQ(state->instance_directory("file", problem_), "");
  EXPECT_THAT(problem_, HasSubstr(path_ + "/file"));
  std::filesystem::create_directory_symlink("/tmp", path_ + "/elsewhere");
  EXPECT_EQ(state->instance_directory("elsewhere", problem_), "");
  EXPECT_EQ(state->instance_directory("open", problem_), path_ + "/open");
  ASSERT_EQ(::chmod((path_ + "/open").c_str(), 0707), 0);
  EXPECT_EQ(state->instance_directory("open", problem_), "");
}

}  // namespace
}  // namespace ringpost::tests
