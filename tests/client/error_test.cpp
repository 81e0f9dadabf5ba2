// The codes' table, and the two forms in which C++ callers meet a code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string_view>

#include "client-lib/ringpost.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

struct TableRow {
  int code;
  const char* name;
  int status;
  bool retryable;
};

TEST(Errors, the_table) {
  constexpr std::array<TableRow, 11> kTable = {{{0, "OK", 200, false},
                                                {-1, "INVALID_ARGUMENT", 400, false},
                                                {-2, "INVALID_JSON", 400, false},
                                                {-3, "DISABLED", 403, false},
                                                {-4, "DENIED", 403, false},
                                                {-5, "UNKNOWN_INSTANCE", 404, false},
                                                {-6, "UNKNOWN_TOPIC", 404, false},
                                                {-7, "MESSAGE_TOO_LARGE", 413, false},
                                                {-8, "BUFFER_FULL", 429, true},
                                                {-9, "NOT_CONNECTED", 503, true},
                                                {-10, "DAEMON_UNAVAILABLE", 503, true}}};
  for (const TableRow& row : kTable) {
    EXPECT_STREQ(ringpost_error_name(row.code), row.name);
    EXPECT_EQ(ringpost_error_status(row.code), row.status) << row.name;
    EXPECT_EQ(ringpost_error_retryable(row.code), row.retryable ? 1 : 0) << row.name;
  }
  for (const int stranger : {1, -11, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    EXPECT_STREQ(ringpost_error_name(stranger), "UNKNOWN");
    EXPECT_EQ(ringpost_error_status(stranger), 500);
    EXPECT_EQ(ringpost_error_retryable(stranger), 0);
  }
}

TEST(Errors, the_throwing_form_carries_code_status_and_message) {
  FakeDaemon daemon;
  Client client({.socket_path = daemon.socket_path().c_str()});
  try {
    client.publish({.instance = "kafkaid", .topic = "orders", .message = "?"});
    FAIL() << "it did not throw";
  } catch (const PublishError& error) {
    EXPECT_EQ(error.code(), Error::kInvalidJson);
    EXPECT_STREQ(error.code().category().name(), "ringpost");
    EXPECT_EQ(error.code().message(), "INVALID_JSON");
    EXPECT_EQ(error.status(), 400);
    EXPECT_FALSE(error.retryable());
    EXPECT_THAT(error.what(), HasSubstr("not JSON at byte 0"));
  }
  EXPECT_EQ(
      client.try_publish({.instance = std::string_view("kafkaid\0x", 9), .topic = "orders", .message = "1"}),
      Error::kInvalidArgument);
}

}  // namespace
}  // namespace ringpost::tests
