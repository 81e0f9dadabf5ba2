// The addon: open(socketPath, clientName, timeoutMs), readFrom(bytes, place) and lastErrorMessage(), for lib/connect.js alone.
//
// Nothing is shared between environments but the connections, so that any number of environments (the main thread, workers) may
// load it. What open() returns are functions over one Handle; it goes when the last of them is collected, or with its
// environment.
#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "client-lib/node/src/connection.hpp"
#include "client-lib/node/src/publish.hpp"
#include "client-lib/ringpost.hpp"

namespace ringpost::node {
namespace {

// What belongs to one environment (the main thread, or a worker): the memory that lib/wire.js writes events to.
struct Environment {
  std::span<char> pad;
  // Of the event on the pad: where it begins and ends; how many UTF-16 units its text has.
  std::span<const std::uint32_t> place;
};

Environment& environment_of(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<Environment*>(data);
}

struct Handle {
  std::shared_ptr<Client> client;  // nullptr: closed
};
using Owner = std::shared_ptr<Handle>;  // each function has one

template <std::size_t N>
struct Arguments {
  Arguments(napi_env env, napi_callback_info info) {
    std::size_t count = N;
    napi_get_cb_info(env, info, &count, values.data(), nullptr, &data);
  }
  Handle& handle() const { return **static_cast<Owner*>(data); }

  std::array<napi_value, N> values;
  void* data = nullptr;
};

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

// undefined for success
napi_value outcome(napi_env env, int code) { return code == RINGPOST_OK ? nullptr : number(env, code); }

std::optional<std::string> text_of(napi_env env, napi_value value) {
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) return std::nullopt;
  std::string text(size, '\0');
  napi_get_value_string_utf8(env, value, text.data(), size + 1, &size);
  return text;
}

// publish(text): the rest of the event lies on the pad.
napi_value publish_function(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const Client* const client = arguments.handle().client.get();
  const Environment& environment = environment_of(env);
  const std::span<char> pad = environment.pad;
  if (client == nullptr || environment.place.size() != 3) return number(env, RINGPOST_INVALID_ARGUMENT);
  const std::uint32_t begin = environment.place[0];
  const std::uint32_t end = environment.place[1];
  if (begin > end || end > pad.size()) return number(env, RINGPOST_INVALID_ARGUMENT);
  const std::span<char> flat = pad.subspan(begin, end - begin);
  return outcome(env, publish(env, client->handle(), flat, arguments.values[0], environment.place[2]));
}

napi_value names_function(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  napi_value names = nullptr;
  napi_create_array(env, &names);
  const Client* const client = arguments.handle().client.get();
  std::array<char, 65> name;
  for (std::uint32_t at = 0; client != nullptr; ++at) {
    if (ringpost_instance_name(client->handle(), at, name.data(), name.size()) != RINGPOST_OK) break;
    napi_value text = nullptr;
    napi_create_string_utf8(env, name.data(), NAPI_AUTO_LENGTH, &text);
    napi_set_element(env, names, at, text);
  }
  return names;
}

void put(napi_env env, napi_value object, const char* name, double value) {
  napi_set_named_property(env, object, name, number(env, value));
}

napi_value object_of(napi_env env, const ringpost_info& info) {
  napi_value object = nullptr;
  napi_value connected = nullptr;
  napi_create_object(env, &object);
  napi_get_boolean(env, info.connected != 0, &connected);
  put(env, object, "accepting", info.accepting);
  napi_set_named_property(env, object, "connected", connected);
  put(env, object, "disconnectedMs", static_cast<double>(info.disconnected_ms));
  put(env, object, "waitingEvents", static_cast<double>(info.waiting_events));
  put(env, object, "bufferUsedBytes", static_cast<double>(info.buffer_used_bytes));
  put(env, object, "bufferBytes", static_cast<double>(info.buffer_bytes));
  put(env, object, "maxEventBytes", static_cast<double>(info.max_event_bytes));
  put(env, object, "roomBytes", static_cast<double>(info.room_bytes));
  put(env, object, "largestRoomBytes", static_cast<double>(info.largest_room_bytes));
  put(env, object, "lanes", info.lanes);
  put(env, object, "lanesMax", info.lanes_max);
  return object;
}

// An object, or the code why not.
napi_value info_function(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  const Client* const client = arguments.handle().client.get();
  if (client == nullptr) return number(env, RINGPOST_INVALID_ARGUMENT);
  ringpost_info found{};
  found.struct_size = sizeof found;
  const std::optional<std::string> name = text_of(env, arguments.values[0]);
  const int code = ringpost_instance_info(client->handle(), name ? name->c_str() : nullptr, &found);
  return code == RINGPOST_OK ? object_of(env, found) : number(env, code);
}

napi_value close_function(napi_env env, napi_callback_info info) {
  Arguments<1>(env, info).handle().client.reset();
  return nullptr;
}

void put_function(napi_env env, napi_value object, const char* name, napi_callback callback,
                  const Owner& handle) {
  auto owner = std::make_unique<Owner>(handle);
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, owner.get(), &function);
  const napi_status status = napi_add_finalizer(
      env, function, owner.get(), [](napi_env, void* data, void*) { delete static_cast<Owner*>(data); },
      nullptr, nullptr);
  if (status != napi_ok) return;
  owner.release();  // NOLINT(bugprone-unused-return-value): the finalizer's now
  napi_set_named_property(env, object, name, function);
}

// {publish, info, names, close}, or the code why not.
napi_value open_function(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  ConnectOptions options{text_of(env, arguments.values[0]), text_of(env, arguments.values[1])};
  napi_get_value_int32(env, arguments.values[2], &options.timeout_ms);
  int code = RINGPOST_OK;
  const auto handle = std::make_shared<Handle>(Handle{connect(options, code)});
  if (handle->client == nullptr) return number(env, code);
  napi_value opened = nullptr;
  napi_create_object(env, &opened);
  put_function(env, opened, "publish", publish_function, handle);
  put_function(env, opened, "info", info_function, handle);
  put_function(env, opened, "names", names_function, handle);
  put_function(env, opened, "close", close_function, handle);
  return opened;
}

// The bytes of a typed array; none if it is none.
std::span<char> bytes_of(napi_env env, napi_value array) {
  void* data = nullptr;
  std::size_t size = 0;
  if (napi_get_buffer_info(env, array, &data, &size) != napi_ok) return {};
  return {static_cast<char*>(data), size};
}

// readFrom(bytes, place): where events lie from now on. lib/wire.js keeps both.
napi_value read_from(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  const std::span<char> place = bytes_of(env, arguments.values[1]);
  environment_of(env) = {bytes_of(env, arguments.values[0]),
                         {reinterpret_cast<const std::uint32_t*>(place.data()), place.size() / 4}};
  return nullptr;
}

napi_value last_error_message(napi_env env, napi_callback_info) {
  napi_value text = nullptr;
  napi_create_string_utf8(env, ringpost_last_error_message(), NAPI_AUTO_LENGTH, &text);
  return text;
}

}  // namespace
}  // namespace ringpost::node

NAPI_MODULE_INIT() {
  auto environment = std::make_unique<ringpost::node::Environment>();
  const napi_status status = napi_set_instance_data(
      env, environment.get(),
      [](napi_env, void* data, void*) { delete static_cast<ringpost::node::Environment*>(data); }, nullptr);
  if (status != napi_ok) return nullptr;
  environment.release();  // NOLINT(bugprone-unused-return-value): the environment's now
  const std::array properties{
      napi_property_descriptor{"open", nullptr, ringpost::node::open_function, nullptr, nullptr, nullptr,
                               napi_default, nullptr},
      napi_property_descriptor{"readFrom", nullptr, ringpost::node::read_from, nullptr, nullptr, nullptr,
                               napi_default, nullptr},
      napi_property_descriptor{"lastErrorMessage", nullptr, ringpost::node::last_error_message, nullptr,
                               nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, properties.size(), properties.data());
  return exports;
}
