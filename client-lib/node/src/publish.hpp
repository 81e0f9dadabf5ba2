// The native half of publishAsync.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <span>

#include "client-lib/ringpost.hpp"

namespace ringpost::node {

// RINGPOST_OK, or a code of ringpost.h. `flat` is what lib/wire.js wrote, `text` the JSON text of so many UTF-16 units.
int publish(napi_env env, ringpost_handle* post, std::span<char> flat, napi_value text, std::uint32_t units);

}  // namespace ringpost::node
