// The socket's file: what is replaced, what is left alone, what stays behind.
#include "daemon/control/socket_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "ipc/control_socket.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::daemon {
namespace {

using testing::HasSubstr;

class SocketFileTest : public testing::Test {
 protected:
  // What the constructor has to say; empty when it has nothing.
  std::string problem() const {
    try {
      SocketFile socket(path_);
      socket.open();
      return {};
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  ipc::Descriptor bound_socket(int type) const {
    ipc::Descriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return socket;
  }

  tests::TemporaryDirectory directory_;
  std::string path_ = directory_.file("ringpost.sock");
};

TEST_F(SocketFileTest, EveryUserMayConnectOnceItListens) {
  SocketFile socket(path_);
  socket.open();
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 07777, 0666U);
  EXPECT_FALSE(ipc::connect_control(path_));
  EXPECT_EQ(errno, ECONNREFUSED);
  socket.listen();
  EXPECT_TRUE(ipc::connect_control(path_));
}

TEST_F(SocketFileTest, ASecondOneIsToldWhoHasIt) {
  SocketFile first(path_);
  first.open();
  EXPECT_THAT(problem(),
              HasSubstr("another ringpostd (pid " + std::to_string(::getpid()) + ") serves " + path_));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(SocketFileTest, AStaleSocketIsReplaced) {
  bound_socket(SOCK_SEQPACKET).reset();
  ASSERT_TRUE(std::filesystem::exists(path_));
  SocketFile socket(path_);
  socket.open();
  socket.listen();
  EXPECT_TRUE(ipc::connect_control(path_));
}

TEST_F(SocketFileTest, WhatIsNoSocketIsLeftAlone) {
  tests::write_file(path_, "somebody's notes");
  EXPECT_THAT(problem(), HasSubstr("is not a socket"));
  EXPECT_EQ(tests::read_file(path_), "somebody's notes");
}

TEST_F(SocketFileTest, ALinkIsNotFollowed) {
  tests::write_file(directory_.file("target"), "somebody's notes");
  std::filesystem::create_symlink(directory_.file("target"), path_);
  EXPECT_THAT(problem(), HasSubstr("is not a socket"));
  std::filesystem::create_symlink(directory_.file("target"), directory_.file("other.lock"));
  path_ = directory_.file("other");
  EXPECT_THAT(problem(), HasSubstr("can't create"));
  EXPECT_EQ(tests::read_file(directory_.file("target")), "somebody's notes");
}

TEST_F(SocketFileTest, AnotherProgramsLivingSocketIsLeftAlone) {
  for (const int type : {SOCK_SEQPACKET, SOCK_STREAM}) {
    const ipc::Descriptor other = bound_socket(type);
    ASSERT_EQ(::listen(other.get(), 1), 0);
    EXPECT_THAT(problem(), HasSubstr("another program uses"));
    ASSERT_TRUE(std::filesystem::remove(path_));
  }
}

TEST_F(SocketFileTest, ItsFileGoesAndTheDirectoryAndTheLockStay) {
  std::optional<SocketFile> socket(path_);
  socket->open();
  socket.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::exists(path_ + ".lock"));
  EXPECT_EQ(problem(), "");
}

TEST_F(SocketFileTest, TheLockIsHeldUntilTheEnd) {
  SocketFile socket(path_);
  socket.open();
  socket.remove();
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_THAT(problem(), HasSubstr("another ringpostd"));
}

TEST_F(SocketFileTest, AFileThatCameInItsPlaceIsNotRemoved) {
  SocketFile socket(path_);
  socket.open();
  ASSERT_TRUE(std::filesystem::remove(path_));
  tests::write_file(path_, "somebody's notes");
  socket.remove();
  EXPECT_EQ(tests::read_file(path_), "somebody's notes");
}

// The successor's way, with what a keeper has held: who connected meanwhile has waited.
TEST_F(SocketFileTest, ASuccessorGoesOnWithTheSocket) {
  ipc::Descriptor kept;
  std::uint64_t inode = 0;
  {
    SocketFile socket(path_);
    socket.open();
    socket.listen();
    inode = socket.inode();
    kept = ipc::Descriptor(::dup(socket.socket()));
    socket.leave();
  }
  const ipc::Descriptor waiting = ipc::connect_control(path_);
  ASSERT_TRUE(waiting);
  SocketFile successor(path_);
  successor.open(std::move(kept), inode);
  EXPECT_EQ(successor.inode(), inode);
  successor.listen();
  const ipc::Descriptor accepted(::accept(successor.socket(), nullptr, nullptr));
  EXPECT_TRUE(accepted);
}

TEST_F(SocketFileTest, ASocketWhoseFileIsAnothersIsNotGoneOnWith) {
  ipc::Descriptor kept;
  std::uint64_t inode = 0;
  {
    SocketFile socket(path_);
    socket.open();
    socket.listen();
    inode = socket.inode();
    kept = ipc::Descriptor(::dup(socket.socket()));
    socket.leave();
  }
  ASSERT_TRUE(std::filesystem::remove(path_));
  SocketFile successor(path_);
  successor.open(std::move(kept), inode);
  successor.listen();
  EXPECT_TRUE(ipc::connect_control(path_));
}

TEST_F(SocketFileTest, TheServiceManagersIsUsedAndItsFileStays) {
  {
    ipc::Descriptor made = bound_socket(SOCK_SEQPACKET);
    SocketFile socket(path_);
    socket.open_activated(std::move(made));
    socket.listen();
    EXPECT_TRUE(socket.is_inherited());
    EXPECT_TRUE(ipc::connect_control(path_));
    EXPECT_TRUE(ipc::Descriptor(::accept(socket.socket(), nullptr, nullptr)));
    EXPECT_EQ(::accept(socket.socket(), nullptr, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN) << "an accept() would wait for ever";
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
  SocketFile elsewhere(path_ + "2");
  std::filesystem::remove(path_);
  EXPECT_THROW(elsewhere.open_activated(bound_socket(SOCK_SEQPACKET)), std::runtime_error);
}

TEST_F(SocketFileTest, AMissingDirectoryIsNamed) {
  path_ = directory_.file("nowhere/ringpost.sock");
  EXPECT_THAT(problem(), HasSubstr("create the directory"));
}

}  // namespace
}  // namespace ringpost::daemon
