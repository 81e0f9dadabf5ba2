// publish(event, text, units, lookedAt): the native half of publishAsync.
#pragma once

#include <node_api.h>

#include "client-lib/ringpost.hpp"

namespace ringpost::node {

// Positive, so no code of the library: JavaScript must look at the texts (lib/arguments.js, checkTexts) and call again.
inline constexpr int kLookAtTexts = 1;

// RINGPOST_OK, a code of ringpost.h, or kLookAtTexts. `event` is lib/wire.js's string, `text` the JSON text of so many
// UTF-16 units.
int publish(napi_env env, ringpost_handle* post, napi_value event, napi_value text, std::uint32_t units,
            bool looked_at);

}  // namespace ringpost::node
