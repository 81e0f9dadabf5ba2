// Every row of the contract's tables that a caller in C can reach: the event, the code, and what the message says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "ipc/limits.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kPayload = R"({"secret":"payload-value"})";

ringpost_event good_event() {
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = kPayload;
  event.message_size = std::strlen(kPayload);
  event.key = "key-value";
  event.key_size = 9;
  return event;
}

struct Row {
  const char* name;
  std::function<void(ringpost_event&, FakeDaemon&)> change;
  int code;
  const char* message;  // a part of it
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

void set_message(ringpost_event& event, std::string_view text) {
  event.message = text.data();
  event.message_size = text.size();
}

void set_header(ringpost_event& event, const char* name, const void* value, std::size_t value_size) {
  static ringpost_header one;
  one = {name, value, value_size};
  event.headers = &one;
  event.header_count = 1;
}

const std::string& text_of(std::size_t size, char c) {
  static std::string text;
  return text.assign(size, c);
}

class Contract : public testing::TestWithParam<Row> {
 protected:
  Contract()
      : daemon_({FakeInstance{.topics = {"orders", "crm.*", "missing", "compacted", "full", "small"}},
                 FakeInstance{.name = "denied", .allowed = false}, FakeInstance{.name = "off"},
                 FakeInstance{.name = "any", .topics = {"*"}}}) {
    flag("missing", ipc::kTopicMissing);
    flag("compacted", ipc::kTopicCompacted);
    flag("full", ipc::kTopicFull);
    daemon_.board_writer().find("small")->max_event_bytes = 20;
    daemon_.board("off").admission = static_cast<std::uint32_t>(ipc::Admission::kDisabled);
  }
  void flag(const char* topic, std::uint32_t flags) { daemon_.board_writer().find(topic)->flags = flags; }

  FakeDaemon daemon_;
  Client client_{Options{.socket_path = daemon_.socket_path().c_str()}};
};

TEST_P(Contract, row) {
  ringpost_event event = good_event();
  GetParam().change(event, daemon_);
  EXPECT_EQ(ringpost_publish(client_.handle(), &event), GetParam().code) << last_error_message();
  const std::size_t enqueued = daemon_.drain().size();
  EXPECT_EQ(enqueued,
            GetParam().code == RINGPOST_OK ? 1u : 0u);  // it fails if and only if nothing was enqueued
  if (GetParam().code == RINGPOST_OK) return;
  const std::string message = last_error_message();
  EXPECT_THAT(message, HasSubstr(GetParam().message));
  EXPECT_THAT(message, HasSubstr("The event was not queued"));
  EXPECT_EQ(message.ends_with("; retry later."), ringpost_error_retryable(GetParam().code) != 0) << message;
  for (const char* secret : {"payload-value", "key-value", "header-value"})
    EXPECT_THAT(message, Not(HasSubstr(secret)));
}

constexpr auto name_of_row = [](const auto& parameter) { return parameter.param.name; };

#define CHANGE []([[maybe_unused]] ringpost_event & event, [[maybe_unused]] FakeDaemon & daemon)

INSTANTIATE_TEST_SUITE_P(
    Instance, Contract,
    testing::Values(
        Row{"good", CHANGE {
}  // namespace
, RINGPOST_OK, ""
}  // namespace ringpost::tests
, Row{"upper_case", CHANGE{event.instance = "KafkaId";
}  // namespace
, RINGPOST_INVALID_ARGUMENT,
    R"("KafkaId" is no instance name (1 to 64 lower-case letters and digits); did you mean "kafkaid"?)"
}  // namespace ringpost::tests
, Row{"special_character", CHANGE{event.instance = "kafka-id";
}
, RINGPOST_INVALID_ARGUMENT,
    R"("kafka-id" is no instance name (1 to 64 lower-case letters and digits). The event)"
}
, Row{"empty", CHANGE{event.instance = "";
}
, RINGPOST_INVALID_ARGUMENT, "is no instance name"
}
, Row{"too_long", CHANGE{event.instance = text_of(65, 'a').c_str();
}
, RINGPOST_INVALID_ARGUMENT, "is no instance name"
}
, Row{"as_long_as_allowed", CHANGE{event.instance = text_of(64, 'a').c_str();
}
, RINGPOST_UNKNOWN_INSTANCE, "no such instance"
}
, Row{"not_printable", CHANGE{event.instance = "a\n\x1b[31m";
}
, RINGPOST_INVALID_ARGUMENT, R"("a??[31m" is)"
}
, Row{"null", CHANGE{event.instance = nullptr;
}
, RINGPOST_INVALID_ARGUMENT, "the instance's name is missing"
}
, Row{"not_configured", CHANGE{event.instance = "other";
}
, RINGPOST_UNKNOWN_INSTANCE,
    R"(publishAsync("other", "orders"): there is no such instance; this user may use "kafkaid", "off", "any")"
}
, Row{"switched_off", CHANGE{event.instance = "off";
}
, RINGPOST_DISABLED, R"(publishAsync("off", "orders"): the instance is switched off (enabled = false))"
}
, Row{"denied", CHANGE{event.instance = "denied";
}
, RINGPOST_DENIED, "this user may not use the instance"
}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Topic, Contract,
    testing::Values(
        Row{"space", CHANGE { event.topic = "my orders";
}
, RINGPOST_INVALID_ARGUMENT, R"("my orders" is no topic name)"
}
, Row{"empty", CHANGE{event.topic = "";
}
, RINGPOST_INVALID_ARGUMENT, "is no topic name"
}
, Row{"dot", CHANGE{event.topic = ".";
}
, RINGPOST_INVALID_ARGUMENT, R"("." is no topic name)"
}
, Row{"two_dots", CHANGE{event.topic = "..";
}
, RINGPOST_INVALID_ARGUMENT, R"(".." is no topic name)"
}
, Row{"too_long", CHANGE{event.topic = text_of(250, 't').c_str();
}
, RINGPOST_INVALID_ARGUMENT, "is no topic name"
}
, Row{"as_long_as_allowed", CHANGE{event.instance = "any";
event.topic = text_of(249, 't').c_str();
}
, RINGPOST_OK, ""
}
, Row{"bad_form_where_any_is_allowed", CHANGE{event.instance = "any";
event.topic = "a/b";
}
, RINGPOST_INVALID_ARGUMENT, "is no topic name"
}
, Row{"non_ascii", CHANGE{event.topic = "żółć";
}
, RINGPOST_INVALID_ARGUMENT, "is no topic name"
}
, Row{"null", CHANGE{event.topic = nullptr;
}
, RINGPOST_INVALID_ARGUMENT, "the topic is missing"
}
, Row{"not_listed", CHANGE{event.topic = "invoices";
}
, RINGPOST_UNKNOWN_TOPIC, R"(publishAsync("kafkaid", "invoices"): the topic is not on the instance's list)"
}
, Row{"prefix_itself_not_listed", CHANGE{event.topic = "crm";
}
, RINGPOST_UNKNOWN_TOPIC, "not on the instance's"
}
, Row{"by_prefix", CHANGE{event.topic = "crm.created";
}
, RINGPOST_OK, ""
}
, Row{"any", CHANGE{event.instance = "any";
event.topic = "whatever";
}
, RINGPOST_OK, ""
}
, Row{"missing_in_the_cluster", CHANGE{event.topic = "missing";
}
, RINGPOST_UNKNOWN_TOPIC, "the cluster has no such topic"
}
, Row{"compacted_without_key", CHANGE{event.topic = "compacted";
event.key = nullptr;
event.key_size = 0;
}
, RINGPOST_INVALID_ARGUMENT, "the topic is compacted"
}
, Row{"compacted_with_key", CHANGE{event.topic = "compacted";
}
, RINGPOST_OK, ""
}
, Row{"compacted_with_empty_key", CHANGE{event.topic = "compacted";
event.key_size = 0;
}
, RINGPOST_OK, ""
}
, Row{"at_its_share", CHANGE{event.topic = "full";
}
, RINGPOST_BUFFER_FULL, "the topic has used up its share of the buffer (4 MiB, 0 events waiting)"
}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Message, Contract,
    testing::Values(
        Row{"null_pointer", CHANGE { event.message = nullptr; event.message_size = 0;
}
, RINGPOST_INVALID_ARGUMENT, "the message is NULL; for a JSON null pass the text null"
}
, Row{"json_null", CHANGE{set_message(event, "null");
}
, RINGPOST_OK, ""
}
, Row{"string", CHANGE{set_message(event, R"("text")");
}
, RINGPOST_OK, ""
}
, Row{"long_integer", CHANGE{set_message(event, "100000000000000000000");
}
, RINGPOST_OK, ""
}
, Row{"beyond_double", CHANGE{set_message(event, "1e400");
}
, RINGPOST_OK, ""
}
, Row{"lone_surrogate", CHANGE{set_message(event, R"("\ud800")");
}
, RINGPOST_OK, ""
}
, Row{"duplicate_names", CHANGE{set_message(event, R"({"a":1,"a":2})");
}
, RINGPOST_OK, ""
}
, Row{"empty", CHANGE{event.message_size = 0;
}
, RINGPOST_INVALID_JSON, "not JSON at byte 0: there is no value"
}
, Row{"not_json", CHANGE{set_message(event, "payload-value");
}
, RINGPOST_INVALID_JSON, "the message is not JSON at byte 0: an unexpected character"
}
, Row{"two_values", CHANGE{set_message(event, "{}{}");
}
, RINGPOST_INVALID_JSON, "not JSON at byte 2: something after the value"
}
, Row{"byte_order_mark", CHANGE{set_message(event, "\xEF\xBB\xBF{}");
}
, RINGPOST_INVALID_JSON, "at byte 0: a byte-order mark"
}
, Row{"nul", CHANGE{event.message_size += 1;
}
, RINGPOST_INVALID_JSON, "at byte 26: a zero byte"
}
, Row{"invalid_utf8", CHANGE{set_message(event, "\"\xC0\xAF\"");
}
, RINGPOST_INVALID_JSON, "at byte 1: invalid UTF-8"
}
, Row{"too_deep", CHANGE{set_message(event, text_of(1025, '['));
}
, RINGPOST_INVALID_JSON, "at byte 1024: nested too deeply"
}
, Row{"larger_than_the_topics_limit", CHANGE{event.topic = "small";
}
, RINGPOST_MESSAGE_TOO_LARGE, "key, headers and message have 35 bytes; at most 20 are allowed"
}
, Row{"as_large_as_the_topics_limit", CHANGE{event.topic = "small";
set_message(event, R"("12345678")");
event.key_size = 10;
}
, RINGPOST_OK, ""
}
, Row{"larger_than_the_instances_limit", CHANGE{daemon.board().max_event_bytes = 30;
}
, RINGPOST_MESSAGE_TOO_LARGE, "at most 30 are allowed"
}
, Row{"larger_than_a_lane", CHANGE{set_message(event, text_of(70'000, '1'));
}
, RINGPOST_MESSAGE_TOO_LARGE, "at most 65482 are allowed"
}
, Row{"absurdly_large", CHANGE{event.message_size = std::numeric_limits<std::size_t>::max();
}
, RINGPOST_MESSAGE_TOO_LARGE, "are allowed"
}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    KeyAndHeaders, Contract,
    testing::Values(
        Row{"no_key", CHANGE { event.key = nullptr; event.key_size = 0;
}
, RINGPOST_OK, ""
}
, Row{"key_of_any_bytes", CHANGE{event.key = "\0\xFF\xC0";
event.key_size = 3;
}
, RINGPOST_OK, ""
}
, Row{"key_size_without_key", CHANGE{event.key = nullptr;
}
, RINGPOST_INVALID_ARGUMENT, "the key is NULL, but its size is 9"
}
, Row{"key_absurdly_large", CHANGE{event.key_size = std::numeric_limits<std::size_t>::max() - 8;
}
, RINGPOST_MESSAGE_TOO_LARGE, "are allowed"
}
, Row{"header", CHANGE{set_header(event, "name", "header-value", 12);
}
, RINGPOST_OK, ""
}
, Row{"null_header", CHANGE{set_header(event, "name", nullptr, 0);
}
, RINGPOST_OK, ""
}
, Row{"header_reserved", CHANGE{set_header(event, "ringpost-id", "header-value", 12);
}
, RINGPOST_INVALID_ARGUMENT, R"(header 1: the name "ringpost-id" is reserved)"
}
, Row{"header_without_name", CHANGE{set_header(event, nullptr, "header-value", 12);
}
, RINGPOST_INVALID_ARGUMENT, "header 1 has no name"
}
, Row{"header_with_empty_name", CHANGE{set_header(event, "", "header-value", 12);
}
, RINGPOST_INVALID_ARGUMENT, "header 1 has no name"
}
, Row{"header_name_too_long", CHANGE{set_header(event, text_of(4097, 'h').c_str(), nullptr, 0);
}
, RINGPOST_INVALID_ARGUMENT, "header 1 has no name of 1 to 4096 bytes"
}
, Row{"header_name_not_utf8", CHANGE{set_header(event, "\xFF", nullptr, 0);
}
, RINGPOST_INVALID_ARGUMENT, "of UTF-8"
}
, Row{"header_value_size_without_value", CHANGE{set_header(event, "name", nullptr, 5);
}
, RINGPOST_INVALID_ARGUMENT, "header 1 has a value_size of 5, but its value is NULL"
}
, Row{"header_count_without_headers", CHANGE{event.header_count = 2;
}
, RINGPOST_INVALID_ARGUMENT, "headers is NULL, but header_count is 2"
}
, Row{"too_many_headers", CHANGE{set_header(event, "name", nullptr, 0);
event.header_count = 1025;
}
, RINGPOST_INVALID_ARGUMENT, "there are 1025 headers; at most 1024 are allowed"
}
, Row{"headers_count_in_the_size", CHANGE{event.topic = "small";
set_message(event, "1");
set_header(event, "name", "1234567", 7);
}
, RINGPOST_MESSAGE_TOO_LARGE, "have 27 bytes; at most 20 are allowed"
}),
    name_of_row);

INSTANTIATE_TEST_SUITE_P(
    Availability, Contract,
    testing::Values(
        Row{"not_connected",
            CHANGE {

              daemon.board().admission = static_cast<std::uint32_t>(ipc::Admission::kNotConnected);
}
, RINGPOST_NOT_CONNECTED, "Kafka is not connected (4 MiB, 0 events waiting)"
}
, Row{"stopping", CHANGE{daemon.set_standing(ipc::Standing::kStopping);
}
, RINGPOST_DAEMON_UNAVAILABLE, "the daemon is shutting down"
}
, Row{"cut_off", CHANGE{daemon.set_standing(ipc::Standing::kCutOff);
}
, RINGPOST_DAEMON_UNAVAILABLE, "the daemon has cut this process off because its shared memory was malformed"
}
,
    // The event's own faults come before the daemon's.
    Row{"invalid_before_not_connected", CHANGE{set_message(event, "?");
daemon.board().admission = static_cast<std::uint32_t>(ipc::Admission::kNotConnected);
}
, RINGPOST_INVALID_JSON, "not JSON"
}),
    name_of_row);

TEST_F(Contract, null_arguments_are_refused_and_not_followed) {
  const ringpost_event event = good_event();
  EXPECT_EQ(ringpost_publish(nullptr, &event), RINGPOST_INVALID_ARGUMENT);
  EXPECT_STREQ(last_error_message(), "publishAsync: the handle is NULL. The event was not queued.");
  EXPECT_EQ(ringpost_publish(client_.handle(), nullptr), RINGPOST_INVALID_ARGUMENT);
  EXPECT_STREQ(last_error_message(), "publishAsync: the event is NULL. The event was not queued.");
  EXPECT_EQ(ringpost_publish_flagged(client_.handle(), &event, 6), RINGPOST_INVALID_ARGUMENT);
  EXPECT_EQ(ringpost_reserve(client_.handle(), &event, nullptr), RINGPOST_INVALID_ARGUMENT);
  ringpost_reservation reservation{};
  EXPECT_EQ(ringpost_reserve(client_.handle(), &event, &reservation), RINGPOST_INVALID_ARGUMENT);
  EXPECT_THAT(last_error_message(), HasSubstr("a reservation takes no message"));
  EXPECT_EQ(ringpost_commit(client_.handle(), nullptr, 0, 0), RINGPOST_INVALID_ARGUMENT);
  EXPECT_EQ(ringpost_commit(client_.handle(), &reservation, 0, 0), RINGPOST_INVALID_ARGUMENT);
  ringpost_abort(client_.handle(), nullptr);
  ringpost_abort(nullptr, &reservation);
  ringpost_close(nullptr);
  EXPECT_TRUE(daemon_.drain().empty());
}

TEST_F(Contract, as_many_headers_as_allowed_arrive_in_order) {
  std::vector<std::string> names;
  std::vector<ringpost_header> headers;
  for (std::size_t at = 0; at < ipc::kHeaderCountMax; ++at) names.push_back("h" + std::to_string(at));
  for (const std::string& name : names) headers.push_back(header(name.c_str(), name));
  ringpost_event event = good_event();
  event.headers = headers.data();
  event.header_count = headers.size();
  ASSERT_EQ(ringpost_publish(client_.handle(), &event), RINGPOST_OK) << last_error_message();
  const std::vector<Seen> seen = daemon_.drain();
  ASSERT_EQ(seen.at(0).headers.size(), names.size());
  for (std::size_t at = 0; at < names.size(); ++at) EXPECT_EQ(seen[0].headers[at].first, names[at]);
}

TEST_F(Contract, refusals_are_counted_by_code_where_the_daemon_sees_them) {
  ringpost_event event = good_event();
  event.topic = "missing";
  for (int time = 0; time < 3; ++time) ringpost_publish(client_.handle(), &event);
  event.topic = "orders";
  event.message_size -= 1;
  ringpost_publish(client_.handle(), &event);
  EXPECT_EQ(daemon_.refused(RINGPOST_UNKNOWN_TOPIC), 3u);
  EXPECT_EQ(daemon_.refused(RINGPOST_INVALID_JSON), 1u);
  EXPECT_EQ(daemon_.refused(RINGPOST_BUFFER_FULL), 0u);
}

}  // namespace
}  // namespace ringpost::tests
