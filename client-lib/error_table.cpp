// The codes, as semantics give them: index = -code.
#include <array>
#include <cstddef>

#include "client-lib/ringpost.h"

namespace {

struct Code {
  const char* name;
  int status;
  int retryable;
};

constexpr std::array<Code, 11> kCodes = {{
    {"OK", 200, 0},
    {"INVALID_ARGUMENT", 400, 0},
    {"INVALID_JSON", 400, 0},
    {"DISABLED", 403, 0},
    {"DENIED", 403, 0},
    {"UNKNOWN_INSTANCE", 404, 0},
    {"UNKNOWN_TOPIC", 404, 0},
    {"MESSAGE_TOO_LARGE", 413, 0},
    {"BUFFER_FULL", 429, 1},
    {"NOT_CONNECTED", 503, 1},
    {"DAEMON_UNAVAILABLE", 503, 1},
}};
static_assert(kCodes.size() == 1 - RINGPOST_DAEMON_UNAVAILABLE);

constexpr Code kUnknown = {"UNKNOWN", 500, 0};

const Code& look_up(int code) {
  if (code > 0 || code <= -static_cast<int>(kCodes.size())) return kUnknown;
  return kCodes[static_cast<std::size_t>(-code)];
}

}  // namespace

extern "C" {

const char* ringpost_error_name(int code) { return look_up(code).name; }
int ringpost_error_status(int code) { return look_up(code).status; }
int ringpost_error_retryable(int code) { return look_up(code).retryable; }
int ringpost_version(void) { return RINGPOST_VERSION_NUMBER; }

}  // extern "C"
