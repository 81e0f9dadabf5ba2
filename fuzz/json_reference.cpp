#include "fuzz/json_reference.hpp"

#include <cstdint>

namespace ringpost::fuzz {
namespace {

// One function for each rule of the RFC's grammar; each takes what it names off the front of the text.
class Grammar {
 public:
  Grammar(std::string_view text, std::size_t depth_max) : rest_(text), depth_max_(depth_max) {}

  bool text() { return value(0) && rest_.empty(); }

 private:
  bool take(std::string_view literal) {
    if (!rest_.starts_with(literal)) return false;
    rest_.remove_prefix(literal.size());
    return true;
  }
  bool take_any_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void white_space() {
    while (take_any_of(" \t\n\r")) {
    }
  }
  bool structural(std::string_view character) {
    white_space();
    const bool taken = take(character);
    white_space();
    return taken;
  }

  // NOLINTNEXTLINE(misc-no-recursion): as the grammar is; the depth has a limit
  bool value(std::size_t depth) {
    white_space();
    const bool taken = take("true") || take("false") || take("null") || number() || string() ||
                       object(depth + 1) || array(depth + 1);
    white_space();
    return taken && !failed_;
  }
  bool object(std::size_t depth) {
    if (!rest_.starts_with('{')) return false;
    if (depth > depth_max_) return fail();
    structural("{");
    if (structural("}")) return true;
    do {
      if (!string() || !structural(":") || !value(depth)) return fail();
    } while (structural(","));
    return structural("}") || fail();
  }
  bool array(std::size_t depth) {
    if (!rest_.starts_with('[')) return false;
    if (depth > depth_max_) return fail();
    structural("[");
    if (structural("]")) return true;
    do {
      if (!value(depth)) return fail();
    } while (structural(","));
    return structural("]") || fail();
  }
  bool digits() {
    if (!take_any_of("0123456789")) return false;
    while (take_any_of("0123456789")) {
    }
    return true;
  }
  bool number() {
    const std::string_view before = rest_;
    take("-");
    if (!take("0") && !digits()) {
      rest_ = before;
      return false;
    }
    if (take(".") && !digits()) return fail();
    if (take_any_of("eE")) {
      take_any_of("+-");
      if (!digits()) return fail();
    }
    return true;
  }
  bool string() {
    if (!take("\"")) return false;
    while (!take("\"")) {
      if (!character()) return fail();
    }
    return true;
  }
  bool character() {
    if (take("\\")) {
      if (take_any_of("\"\\/bfnrt")) return true;
      if (!take("u")) return false;
      for (int digit = 0; digit < 4; ++digit) {
        if (!take_any_of("0123456789abcdefABCDEF")) return false;
      }
      return true;
    }
    return code_point() >= 0x20;
  }

  // The next one in UTF-8: the shortest form, no surrogate, at most U+10FFFF. Negative: there is none.
  std::int32_t code_point() {
    if (rest_.empty()) return -1;
    const auto lead = static_cast<std::uint8_t>(rest_.front());
    const std::size_t size = lead < 0x80         ? 1
                             : (lead >> 5) == 6  ? 2
                             : (lead >> 4) == 14 ? 3
                             : (lead >> 3) == 30 ? 4
                                                 : 0;
    if (size == 0 || rest_.size() < size) return -1;
    std::int32_t point = size == 1 ? lead : lead & (0xFF >> (size + 1));
    for (std::size_t at = 1; at < size; ++at) {
      const auto next = static_cast<std::uint8_t>(rest_[at]);
      if ((next >> 6) != 2) return -1;
      point = (point << 6) | (next & 0x3F);
    }
    static constexpr std::int32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return -1;
    rest_.remove_prefix(size);
    return point;
  }

  bool fail() {
    failed_ = true;
    return false;
  }

  std::string_view rest_;
  const std::size_t depth_max_;
  bool failed_ = false;  // inside something that had begun: no other rule may be tried
};

}  // namespace

bool reference_accepts(std::string_view text, std::size_t depth_max) {
  return Grammar(text, depth_max).text();
}

}  // namespace ringpost::fuzz
