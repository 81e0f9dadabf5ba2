#include "client-lib/event_view.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "client-lib/short_bytes.hpp"
#include "ipc/limits.hpp"
#include "ipc/record.hpp"

namespace ringpost::client {
namespace {

// At most one byte more than a name may have: what is longer is refused, however long it is.
std::string_view view_name(const char* name, std::size_t max_bytes) {
  return name != nullptr ? std::string_view(name, ::strnlen(name, max_bytes + 1)) : std::string_view();
}

std::string_view view_bytes(const void* bytes, std::size_t size) {
  return {static_cast<const char*>(bytes), size};
}

ipc::HeaderField view_header(const ringpost_header& header, std::size_t name_bytes) {
  ipc::HeaderField field{{header.name, name_bytes}, std::nullopt};
  if (header.value != nullptr) field.value = view_bytes(header.value, header.value_size);
  return field;
}

Cause check_header(const ringpost_header& header, std::string_view name) {
  if (name.empty() || name.size() > ipc::kHeaderNameMaxBytes) return Cause::kHeaderName;
  if (name == ipc::kReservedHeaderName) return Cause::kHeaderReserved;
  if (!is_short_ascii(name) && !simdjson::validate_utf8(name.data(), name.size())) return Cause::kHeaderName;
  if (header.value == nullptr && header.value_size != 0) return Cause::kHeaderValue;
  return Cause::kNone;
}

Malformed view_headers(const ringpost_event& event, EventView& view) {
  view.headers = event.headers;
  view.header_count = event.header_count;
  view.headers_bytes = 0;
  if (event.header_count == 0) return {};
  if (event.header_count > ipc::kHeaderCountMax) return {Cause::kHeaderCount, event.header_count};
  if (event.headers == nullptr) return {Cause::kHeadersPointer, event.header_count};
  for (std::size_t at = 0; at < event.header_count; ++at) {
    const ringpost_header& header = event.headers[at];
    const std::string_view name = view_name(header.name, ipc::kHeaderNameMaxBytes);
    const Cause wrong = check_header(header, name);
    if (wrong != Cause::kNone) [[unlikely]]
      return {wrong, at, header.value_size};
    if (at < view.name_bytes.size()) view.name_bytes[at] = static_cast<std::uint16_t>(name.size());
    const std::size_t bytes = add_sizes(ipc::kHeaderPrefixBytes + name.size(), header.value_size);
    view.headers_bytes = add_sizes(view.headers_bytes, bytes);
  }
  return {};
}

}  // namespace

Malformed view_event(const ringpost_event& event, MessageIs message, EventView& view) {
  view.instance = view_name(event.instance, ipc::kInstanceNameMaxBytes);
  view.topic = view_name(event.topic, ipc::kTopicNameMaxBytes);
  view.message = static_cast<const char*>(event.message);
  view.message_room_bytes = event.message_size;
  view.key = static_cast<const char*>(event.key);
  view.key_bytes = event.key_size;
  if (event.instance == nullptr) return {Cause::kNoInstance};
  if (event.topic == nullptr) return {Cause::kNoTopic};
  if (message == MessageIs::kGiven && event.message == nullptr) return {Cause::kNoMessage};
  if (message == MessageIs::kToCome && event.message != nullptr) return {Cause::kMessageGiven};
  if (event.key == nullptr && event.key_size != 0) return {Cause::kKeyPointer, event.key_size};
  return view_headers(event, view);
}

std::byte* write_headers(std::byte* to, const EventView& event) {
  for (std::size_t at = 0; at < event.header_count; ++at) {
    const ringpost_header& header = event.headers[at];
    const std::size_t name_bytes =
        at < event.name_bytes.size() ? event.name_bytes[at] : std::strlen(header.name);
    to = ipc::write_header_field(to, view_header(header, name_bytes));
  }
  return to;
}

}  // namespace ringpost::client
