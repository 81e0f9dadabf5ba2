// The message of every benchmark here: the page's example and a little more, 200 bytes as JSON.stringify writes it.
#pragma once

#include <string_view>

namespace ringpost::bench {

inline constexpr std::string_view kMessage =
    R"({"id":"123","status":{"code":"OK","message":"Everything is fine!"},"list":[1,2,3],"boolean":true,)"
    R"("date":"2026-01-31T12:00:00.000Z","customer":{"name":"Jan Kowalski-","city":"Wroclaw"},"total":1999.99})";
static_assert(kMessage.size() == 200);
inline constexpr std::string_view kKey = "customer-4711";

}  // namespace ringpost::bench
