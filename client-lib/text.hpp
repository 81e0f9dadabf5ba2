// Text in a buffer of fixed size, built without allocation; what is too long is cut off.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ringpost::client {

template <std::size_t N>
class Text {
 public:
  void clear() { size_ = 0; }
  Text& add(std::string_view text) {
    const std::size_t taken = text.size() < N - 1 - size_ ? text.size() : N - 1 - size_;
    std::memcpy(bytes_.data() + size_, text.data(), taken);
    size_ += taken;
    return *this;
  }
  Text& add(std::uint64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }
  // In quotes, at most 64 bytes of it, and only what is safe to print.
  Text& add_quoted(std::string_view name_untrusted) {
    constexpr std::size_t kShownMax = 64;
    add("\"");
    for (const char c : name_untrusted.substr(0, kShownMax)) {
      const char shown = c >= ' ' && c <= '~' && c != '"' ? c : '?';
      add(std::string_view(&shown, 1));
    }
    return add(name_untrusted.size() > kShownMax ? "...\"" : "\"");
  }
  // 4 MiB, 12 KiB, 1000 bytes
  Text& add_size(std::uint64_t bytes) {
    constexpr std::uint64_t kKiB = 1024;
    constexpr std::uint64_t kMiB = kKiB * kKiB;
    if (bytes >= kMiB && bytes % kMiB == 0) return add(bytes / kMiB).add(" MiB");
    if (bytes >= kKiB && bytes % kKiB == 0) return add(bytes / kKiB).add(" KiB");
    return add(bytes).add(" bytes");
  }

  std::string_view view() const { return {bytes_.data(), size_}; }
  const char* c_str() {
    bytes_[size_] = '\0';
    return bytes_.data();
  }

 private:
  std::array<char, N> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace ringpost::client
