// What client-lib uses of simdjson, for builds from the npm package's sources on machines that have none: they must
// download nothing. Slower than simdjson; the addon asks it about headers' names, and about texts over 2,048 characters.
#pragma once

#include <cstddef>

namespace simdjson {

inline bool validate_utf8(const char* text, std::size_t size) {
  const auto* at = reinterpret_cast<const unsigned char*>(text);
  const unsigned char* const end = at + size;
  while (at != end) {
    const unsigned first = *at++;
    if (first < 0x80) continue;
    const std::ptrdiff_t more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (first < 0xc2 || first > 0xf4 || end - at < more) return false;
    // The first continuation's bounds shut out overlong forms, surrogates, and what lies beyond U+10FFFF.
    const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (*at < low || *at > high) return false;
    for (std::ptrdiff_t next = 1; next < more; ++next) {
      if ((at[next] & 0xc0U) != 0x80U) return false;
    }
    at += more;
  }
  return true;
}

}  // namespace simdjson

extern "C" inline void simdjson_destroy() {}  // nothing here has a destructor
