#include "client-lib/json_check.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "ipc/limits.hpp"

extern "C" void simdjson_destroy();  // of scripts/build-dependencies

namespace ringpost::json {
namespace {

constexpr std::uint64_t kEachByte = 0x0101010101010101;
constexpr std::uint64_t kHighBits = kEachByte * 0x80;

// Eight bytes at a time: the high bit of each byte that is `wanted`. Bytes above the first hit may be false
// hits.
constexpr std::uint64_t bytes_equal(std::uint64_t word, std::uint8_t wanted) {
  const std::uint64_t difference = word ^ (kEachByte * wanted);
  return (difference - kEachByte) & ~difference & kHighBits;
}

constexpr std::uint64_t bytes_below(std::uint64_t word, std::uint8_t bound) {
  return (word - kEachByte * bound) & ~word & kHighBits;
}

// `at`, or where the next quote, backslash or control character is behind it, or the end.
inline const char* next_special_character(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t special = bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, 0x20);
    if (special != 0) return at + std::countr_zero(special) / 8;  // the lowest hit is a true one
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20) ++at;
  return at;
}

#if defined(__SSE2__)
// A bit for each quote, backslash and control character of sixteen bytes.
inline std::uint64_t special_characters_of_16(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)));
}

// The same of the block of 64 bytes that was looked at last. From one string's end to the next one's it is a shift and a count
// of zeroes, which the processor has to wait for; to look at the bytes anew for each string takes three times as long.
class SpecialCharacters {
 public:
  SpecialCharacters(const char* text, const char* end) : text_(text), end_(end), block_(text) {
    if (end - text >= kBlockBytes) look(text);
  }

  const char* next(const char* at) {
    if (end_ - text_ < kBlockBytes) return next_special_character(at, end_);
    while (at != end_) {
      if (at - block_ >= kBlockBytes) look(at);
      if (const std::uint64_t left = found_ >> (at - block_)) return at + std::countr_zero(left);
      at = block_ + kBlockBytes;
    }
    return at;
  }

 private:
  static constexpr std::ptrdiff_t kBlockBytes = 64;

  void look(const char* at) {
    block_ = std::min(at, end_ - kBlockBytes);  // the last one reaches back
    found_ = special_characters_of_64(block_);
  }
  // Not at each place that it is called from: code that has left the processor's cache costs more than three calls.
  [[gnu::noinline]] static std::uint64_t special_characters_of_64(const char* at) {
    return special_characters_of_16(at) | special_characters_of_16(at + 16) << 16 |
           special_characters_of_16(at + 32) << 32 | special_characters_of_16(at + 48) << 48;
  }

  const char* text_;
  const char* end_;
  const char* block_;
  std::uint64_t found_ = 0;
};
#else
class SpecialCharacters {
 public:
  SpecialCharacters(const char* /*text*/, const char* end) : end_(end) {}
  const char* next(const char* at) const { return next_special_character(at, end_); }

 private:
  const char* end_;
};
#endif

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// Which containers are open, a bit each: 1 for an object.
class Nesting {
 public:
  explicit Nesting(std::size_t depth_max) : depth_max_(std::min(depth_max, ipc::kJsonDepthMax)) {}

  bool open(bool object) {
    if (depth_ == depth_max_) return false;
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = objects_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    in_object_ = object;
    return true;
  }
  void close() {
    --depth_;
    if (depth_ != 0) in_object_ = ((objects_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1) != 0;
  }
  bool empty() const { return depth_ == 0; }
  bool in_object() const { return in_object_; }

 private:
  std::size_t depth_ = 0;
  std::size_t depth_max_;
  bool in_object_ = false;
  std::array<std::uint64_t, ipc::kJsonDepthMax / 64> objects_;  // a bit is written when its container opens
};

class Walker {
 public:
  Walker(std::string_view text, std::size_t depth_max)
      : begin_(text.data()),
        at_(text.data()),
        end_(text.data() + text.size()),
        special_characters_(begin_, end_),
        nesting_(depth_max) {}

  // True: the text is one value, as far as the grammar of bytes goes. Otherwise error() says what is wrong.
  // In one piece: with calls inside, the position lives in memory and each character costs a third more.
  [[gnu::flatten]] bool walk() {
    skip_space();
    if (at_ == end_) return refuse(JsonFault::kEmpty);
    for (;;) {
      if (!enter_value()) return false;
      do {
        skip_space();
        if (nesting_.empty()) return at_ == end_ || refuse_here(JsonFault::kSecondValue);
      } while (close_container());
      if (!take(',')) return refuse_here(JsonFault::kUnexpected);
      if (nesting_.in_object() && !take_name()) return false;
    }
  }

  JsonError error() const { return {fault_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  bool refuse(JsonFault fault) {
    fault_ = fault;
    return false;
  }
  // The same, but what stands here may have a better name.
  bool refuse_here(JsonFault fault) {
    if (at_ == end_) return refuse(JsonFault::kTruncated);
    if (*at_ == '\0') return refuse(JsonFault::kNul);
    if (at_ == begin_ && std::string_view(begin_, end_).starts_with("\xEF\xBB\xBF")) {
      return refuse(JsonFault::kByteOrderMark);
    }
    return refuse(fault);
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  bool close_container() {
    if (!take(nesting_.in_object() ? '}' : ']')) return false;
    nesting_.close();
    return true;
  }

  // Up to behind a scalar, or an empty container; containers on the way to it are opened.
  bool enter_value() {
    for (;;) {
      skip_space();
      if (at_ == end_) return refuse(JsonFault::kTruncated);
      if (*at_ != '{' && *at_ != '[') return take_scalar();
      const bool object = *at_ == '{';
      if (!nesting_.open(object)) return refuse(JsonFault::kTooDeep);
      ++at_;
      skip_space();
      if (close_container()) return true;
      if (object && !take_name()) return false;
    }
  }

  bool take_name() {
    skip_space();
    if (!take('"')) return refuse_here(JsonFault::kUnexpected);
    if (!take_string()) return false;
    skip_space();
    return take(':') || refuse_here(JsonFault::kUnexpected);
  }

  bool take_scalar() {
    switch (*at_) {
      case '"':
        ++at_;
        return take_string();
      case 't':
        return take_literal("true");
      case 'f':
        return take_literal("false");
      case 'n':
        return take_literal("null");
      default:
        if (is_digit(*at_) || *at_ == '-') return take_number();
        return refuse_here(JsonFault::kUnexpected);
    }
  }

  // Stops at the next quote, backslash or control character, or at the end.
  void skip_plain_characters() { at_ = special_characters_.next(at_); }

  // Behind the opening quote; up to behind the closing one.
  bool take_string() {
    for (;;) {
      skip_plain_characters();
      if (take('"')) return true;
      if (!take('\\')) return refuse_here(JsonFault::kControlCharacter);
      if (!take_escape()) return false;
    }
  }

  bool take_escape() {
    if (at_ == end_) return refuse(JsonFault::kTruncated);
    if (!take('u')) {
      if (std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos) {
        return refuse_here(JsonFault::kBadEscape);
      }
      ++at_;
      return true;
    }
    for (int digit = 0; digit < 4; ++digit) {
      if (at_ == end_ || !is_hex_digit(*at_)) return refuse_here(JsonFault::kBadEscape);
      ++at_;
    }
    return true;
  }

  bool take_literal(std::string_view literal) {
    for (const char c : literal) {
      if (!take(c)) return refuse_here(JsonFault::kBadLiteral);
    }
    return true;
  }

  bool take_digits() {
    if (at_ == end_ || !is_digit(*at_)) return refuse_here(JsonFault::kBadNumber);
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  }

  bool take_number() {
    take('-');
    if (take('0')) {
      if (at_ != end_ && is_digit(*at_)) return refuse(JsonFault::kBadNumber);
    } else if (!take_digits()) {
      return false;
    }
    if (take('.') && !take_digits()) return false;
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (!take('+')) take('-');
      return take_digits();
    }
    return true;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  SpecialCharacters special_characters_;
  Nesting nesting_;
  JsonFault fault_ = JsonFault::kNone;
};

// How many bytes the well-formed sequence at `at` has (Unicode, table 3-7); 0 where there is none.
std::size_t utf8_sequence_bytes(const unsigned char* at, const unsigned char* end) {
  const unsigned char lead = *at;
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (static_cast<std::size_t>(end - at) < size) return 0;
  const unsigned char second_min = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char second_max = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (at[1] < second_min || at[1] > second_max) return 0;
  for (std::size_t next = 2; next < size; ++next) {
    if ((at[next] & 0xC0) != 0x80) return 0;
  }
  return size;
}

std::size_t first_invalid_utf8(std::string_view text) {
  const auto* begin = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = begin + text.size();
  for (const auto* at = begin; at != end;) {
    const std::size_t size = utf8_sequence_bytes(at, end);
    if (size == 0) return static_cast<std::size_t>(at - begin);
    at += size;
  }
  return text.size();
}

}  // namespace

JsonError check_json(std::string_view text, std::size_t depth_max) {
  Walker walker(text, depth_max);
  const bool grammatical = walker.walk();
  if (simdjson::validate_utf8(text.data(), text.size())) return grammatical ? JsonError{} : walker.error();
  // Two things may be wrong: the first of them is reported.
  const std::size_t offset = first_invalid_utf8(text);
  if (!grammatical && walker.error().offset < offset) return walker.error();
  return {JsonFault::kInvalidUtf8, offset};
}

std::string_view to_string(JsonFault fault) {
  switch (fault) {
    case JsonFault::kNone:
      return "valid";
    case JsonFault::kEmpty:
      return "there is no value";
    case JsonFault::kByteOrderMark:
      return "a byte-order mark";
    case JsonFault::kNul:
      return "a zero byte";
    case JsonFault::kInvalidUtf8:
      return "invalid UTF-8";
    case JsonFault::kControlCharacter:
      return "a control character inside a string";
    case JsonFault::kBadEscape:
      return "not an escape sequence";
    case JsonFault::kBadNumber:
      return "not a number";
    case JsonFault::kBadLiteral:
      return "neither true, false nor null";
    case JsonFault::kUnexpected:
      return "an unexpected character";
    case JsonFault::kTruncated:
      return "the text ends inside the value";
    case JsonFault::kSecondValue:
      return "something after the value";
    case JsonFault::kTooDeep:
      return "nested too deeply";
  }
  return "unknown";
}

void warm_up_json_check() { check_json("{}", 1); }

void release_json_check() { simdjson_destroy(); }

}  // namespace ringpost::json
