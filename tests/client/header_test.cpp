// The C header, used from C.
#include <gtest/gtest.h>

#include "tests/client/fake_daemon.hpp"

extern "C" int use_from_c(const char* socket_path);

namespace ringpost::tests {
namespace {

TEST(Header, is_c99_and_works_from_c) {
  FakeDaemon daemon;
  EXPECT_EQ(use_from_c(daemon.socket_path().c_str()), 0) << "the line of header_c99.c";
  EXPECT_EQ(daemon.drain().size(), 3u);
}

}  // namespace
}  // namespace ringpost::tests
