#include "client-lib/handle.hpp"

#include <errno.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>

#include "client-lib/json_check.hpp"
#include "client-lib/limits.hpp"
#include "client-lib/text.hpp"
#include "ipc/clock.hpp"
#include "ipc/doorbell.hpp"

namespace ringpost::client {
namespace {

// For calls that wait or close descriptors: a thread that was cancelled in there would leave half of the work, and the
// control thread with memory that is gone. It ends at its next cancellation point after the call.
class NotCancelled {
 public:
  NotCancelled() { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~NotCancelled() { ::pthread_setcancelstate(before_, nullptr); }
  NotCancelled(const NotCancelled&) = delete;
  NotCancelled& operator=(const NotCancelled&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

std::atomic<std::uint32_t> open_handles = 0;  // relaxed: who unloads the library has closed them before

constexpr Call kOpenCall{"ringpost_open", nullptr, nullptr, false};

// What this library knows of the options; what a newer caller adds must be zero, for we could not honour it.
bool rest_is_zero(const ringpost_options& options) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(&options);
  return std::all_of(bytes + sizeof options,
                     bytes + std::max<std::size_t>(options.struct_size, sizeof options),
                     [](unsigned char byte) { return byte == 0; });
}

const char* check_options(const ringpost_options& options) {
  if (options.struct_size != 0 && options.struct_size < sizeof options) {
    return "struct_size is neither 0 nor sizeof(ringpost_options)";
  }
  if (!rest_is_zero(options)) return "an option is set that this version of the library does not know";
  return nullptr;
}

Settings settings_of(const ringpost_options& options) {
  Settings settings;
  const char* const environment = std::getenv("RINGPOST_SOCKET");
  if (options.socket_path != nullptr) {
    settings.socket_path = options.socket_path;
  } else {
    settings.socket_path = environment != nullptr && *environment != '\0' ? environment : kDefaultSocketPath;
  }
  settings.client_name = options.client_name != nullptr ? options.client_name : program_invocation_short_name;
  return settings;
}

// nullptr, or why this process can't take part.
const char* check_process() {
  if (!ipc::monotonic_clock_is_fine()) {
    return "CLOCK_MONOTONIC is too coarse to order events (see /sys/devices/system/clocksource)";
  }
  // Where the kernel has no membarrier the daemon has none either, and never sleeps so deeply that it needs one.
  ipc::register_for_barriers();
  json::warm_up_json_check();
  return nullptr;
}

// RINGPOST_OK when events can be published; otherwise the client is at rest again.
int start(Client& client, int connect_timeout_ms) {
  client.control.start();
  if (connect_timeout_ms < 0) return RINGPOST_OK;
  const milliseconds timeout = connect_timeout_ms == 0 ? kConnectTimeout : milliseconds(connect_timeout_ms);
  const Outage* const outage = client.availability.wait(timeout);
  if (outage == nullptr) return RINGPOST_OK;
  const int code = fail(kOpenCall, outage->code, Cause::kOpen, outage->note);
  client.control.stop();  // nobody has published: nothing to wait for
  return code;
}

int open(const ringpost_options& options, ringpost_handle*& out) {
  if (const char* wrong = check_options(options)) {
    return fail(kOpenCall, RINGPOST_INVALID_ARGUMENT, Cause::kArgument, wrong);
  }
  if (const char* wrong = check_process()) {
    return fail(kOpenCall, RINGPOST_DAEMON_UNAVAILABLE, Cause::kOpen, wrong);
  }
  auto handle = std::make_unique<ringpost_handle>();
  auto client = std::make_unique<Client>(settings_of(options));
  const int code = start(*client, options.connect_timeout_ms);
  if (code != RINGPOST_OK) return code;
  handle->client.store(client.release(), std::memory_order_release);  // pairs with the acquire of every call
  out = handle.release();
  open_handles.fetch_add(1, std::memory_order_relaxed);
  return RINGPOST_OK;
}

// At unloading, when every handle is closed, and at exit, when one may be open and other threads publish through it.
[[gnu::destructor]] void release() {
  if (open_handles.load(std::memory_order_relaxed) == 0) json::release_json_check();
}

}  // namespace

namespace {

// The first call of a forked child: gives it a client of its own. Where another thread is doing that, or where it
// fails, the next call tries again.
[[gnu::cold]] void start_afresh(ringpost_handle& handle) {
  if (!handle.guard.begin_take_over()) return;
  const NotCancelled not_cancelled;
  bool started = false;
  try {
    Client* const parents = handle.client.load(std::memory_order_relaxed);
    auto fresh = std::make_unique<Client>(parents->control.settings());
    fresh->control.start();
    ipc::register_for_barriers();
    parents->inherited.close_all();
    handle.parents = parents;
    handle.client.store(fresh.release(), std::memory_order_release);  // pairs with the acquire of every call
    started = true;
  } catch (const std::exception&) {
    started =
        false;  // no memory or no thread: the caller gets DAEMON_UNAVAILABLE, and its next call tries again
  }
  handle.guard.finish_take_over(started);
}

}  // namespace

Client* client_of(const Call& call, ringpost_handle& post) {
  if (post.guard.is_ours())
    return post.client.load(std::memory_order_acquire);  // pairs with open, start_afresh
  start_afresh(post);
  fail(call, RINGPOST_DAEMON_UNAVAILABLE, Cause::kForked);
  return nullptr;
}

int fail_unknown_instance(const Call& call, const Client& client) {
  Text<1024> names;
  for (const Channel* channel : client.channels.all()) {
    if (channel->state() != ChannelState::kOpen) continue;
    if (!names.view().empty()) names.add(", ");
    names.add_quoted(channel->name());
  }
  return fail(call, RINGPOST_UNKNOWN_INSTANCE, Cause::kUnknownInstance, names.view());
}

}  // namespace ringpost::client

using namespace ringpost::client;

extern "C" int ringpost_open(const ringpost_options* options, ringpost_handle** out) {
  if (out == nullptr) return fail(kOpenCall, RINGPOST_INVALID_ARGUMENT, Cause::kArgument, "`out` is NULL");
  *out = nullptr;
  const ringpost_options defaults{};
  const NotCancelled not_cancelled;
  try {
    return open(options != nullptr ? *options : defaults, *out);
  } catch (const std::exception& error) {
    return fail(kOpenCall, RINGPOST_DAEMON_UNAVAILABLE, Cause::kOpen, error.what());
  }
}

extern "C" void ringpost_close(ringpost_handle* post) {
  if (post == nullptr) return;
  const NotCancelled not_cancelled;
  open_handles.fetch_sub(1, std::memory_order_relaxed);
  Client* const client = post->client.load(std::memory_order_acquire);
  // A child that never used its parent's handle has no thread to join; what it inherited goes with the process.
  if (!post->guard.is_ours()) {
    if (post->guard.begin_take_over()) client->inherited.close_all();
    delete post;
    return;
  }
  if (client->control.stop()) delete client;  // otherwise a call never left, and still holds what is in there
  delete post;
}
