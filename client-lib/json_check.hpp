// Is this text JSON? Exactly the grammar of RFC 8259 in valid UTF-8, nothing narrower and nothing wider.
//
// A number of any length is valid, and so are `1e400`, an escaped lone surrogate (`"\ud800"`), duplicate
// names and a scalar at the top: parsers refuse these because they can't represent them, but the grammar
// allows them. A byte-order mark, a NUL, a second value and more nesting than the limit are refused.
//
// Used by the client library in the call and by the daemon on what it drained. Never allocates, never
// recurses, keeps no state: it may run in a signal handler (once warm_up_json_check() has been called).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringpost::json {

enum class JsonFault : std::uint8_t {
  kNone,
  kEmpty,             // nothing but white space
  kByteOrderMark,     // U+FEFF at the beginning
  kNul,               // a zero byte
  kInvalidUtf8,       // overlong, a surrogate, beyond U+10FFFF, or cut off
  kControlCharacter,  // below U+0020 inside a string
  kBadEscape,         // a backslash that begins no escape
  kBadNumber,         // as 01, 1.x, 1e+
  kBadLiteral,        // begins like true, false or null
  kUnexpected,        // a byte that can't stand here
  kTruncated,         // the text ends inside the value
  kSecondValue,       // something after the value
  kTooDeep,           // more nested arrays and objects than depth_max
};

struct JsonError {
  JsonFault kind = JsonFault::kNone;
  std::size_t offset = 0;  // of the first byte that is wrong; text.size() where the text ends too early

  explicit operator bool() const { return kind != JsonFault::kNone; }
};

// `depth_max` is at most ipc::kJsonDepthMax; what is larger counts as that.
JsonError check_json(std::string_view text, std::size_t depth_max);

// What is wrong, for a person; never any byte of the text.
std::string_view to_string(JsonFault fault);

// Chooses the implementation for this processor, which the first check would do otherwise. Any thread, any
// time.
void warm_up_json_check();

// Frees what the implementation holds, for a library that is being unloaded: nobody may check any more.
void release_json_check();

}  // namespace ringpost::json
