#include "client-lib/node/src/publish.hpp"

#include <cstdint>
#include <memory>
#include <span>

#include "client-lib/flat_event.hpp"

namespace ringpost::node {
namespace {

// A UTF-16 unit is at most three bytes of UTF-8.
constexpr std::size_t kBytesPerUnitMax = 3;
// Up to here room is asked for by that bound; for longer texts the exact size is counted first.
constexpr std::uint32_t kBoundUnits = 1024;
// A text that is too deep opens and closes more than 1024 times: shorter ones need no look.
constexpr std::uint32_t kDepthUnits = 2048;

std::size_t utf8_size(napi_env env, napi_value text) {
  std::size_t size = 0;
  napi_get_value_string_utf8(env, text, nullptr, 0, &size);
  return size;
}

// Writes a zero byte behind the text, which has its place in `capacity`.
std::size_t write_utf8(napi_env env, napi_value text, char* to, std::size_t capacity) {
  std::size_t size = 0;
  napi_get_value_string_utf8(env, text, to, capacity, &size);
  return size;
}

// Exactly as much as the topic allows: the zero byte that Node-API writes behind a text has no place in the lane.
int publish_copy(napi_env env, ringpost_handle* post, ringpost_event& event, napi_value text,
                 std::size_t size, unsigned flags) {
  const auto copy = std::make_unique<char[]>(size + 1);
  write_utf8(env, text, copy.get(), size + 1);
  event.message = copy.get();
  event.message_size = size;
  return ringpost_publish_flagged(post, &event, flags);
}

int publish_in_place(napi_env env, ringpost_handle* post, ringpost_event& event, napi_value text,
                     std::uint32_t units) {
  // What JSON.stringify made is JSON; it may only be too deep.
  const unsigned flags = units <= kDepthUnits ? RINGPOST_JSON_CHECKED : 0;
  event.message = nullptr;
  event.message_size =
      1 + (units <= kBoundUnits ? std::size_t{units} * kBytesPerUnitMax : utf8_size(env, text));

  ringpost_reservation reservation;
  const int code = ringpost_reserve(post, &event, &reservation);
  if (code != RINGPOST_OK) return code;
  if (reservation.capacity == event.message_size) {
    const std::size_t size = write_utf8(env, text, reservation.text, reservation.capacity);
    return ringpost_commit(post, &reservation, size, flags);
  }
  // The topic allows less than the bound.
  const std::size_t size = utf8_size(env, text);
  if (size == reservation.capacity) {
    ringpost_abort(post, &reservation);
    return publish_copy(env, post, event, text, size, flags);
  }
  if (size < reservation.capacity) write_utf8(env, text, reservation.text, reservation.capacity);
  return ringpost_commit(post, &reservation, size, flags);  // refuses what is larger, unread
}

}  // namespace

int publish(napi_env env, ringpost_handle* post, std::span<char> flat, napi_value text, std::uint32_t units) {
  FlatEvent event;
  if (!read_flat_event(flat, event)) return RINGPOST_INVALID_ARGUMENT;
  return publish_in_place(env, post, event.event, text, units);
}

}  // namespace ringpost::node
