// RFC 8259 written down rule by rule, slow and plain: what the fast check is compared with.
#pragma once

#include <cstddef>
#include <string_view>

namespace ringpost::fuzz {

// Whether the text is one JSON value in valid UTF-8, with at most depth_max arrays and objects in each other.
bool reference_accepts(std::string_view text, std::size_t depth_max);

}  // namespace ringpost::fuzz
