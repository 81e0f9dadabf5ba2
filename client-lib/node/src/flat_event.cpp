#include "client-lib/node/src/flat_event.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace ringpost::node {
namespace {

constexpr unsigned kLong = 0x7fff;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_ascii(const char* from, std::size_t size) {
  unsigned char all = 0;
  for (std::size_t at = 0; at < size; ++at) all |= static_cast<unsigned char>(from[at]);
  return all < 0x80;
}

class Reader {
 public:
  Reader(std::span<char> flat, FlatEvent& out) : at_(flat.data()), end_(at_ + flat.size()), out_(out) {}

  bool at_end() const { return at_ == end_; }

  // One character's number. Names and texts are counted in these lengths, so all but two of them are one byte.
  bool unit(unsigned& out) {
    if (at_ == end_) return false;
    const auto first = static_cast<unsigned char>(*at_);
    const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3;
    if (size > left()) return false;
    out = first;
    if (size == 2) out = (first & 0x1fU) << 6 | bits(1);
    if (size == 3) out = (first & 0xfU) << 12 | bits(1) << 6 | bits(2);
    at_ += size;
    return true;
  }

  bool length(std::size_t& out) {
    unsigned first = 0;
    unsigned high = 0;
    unsigned low = 0;
    if (!unit(first)) return false;
    out = first;
    if (first < kLong) return true;
    if (!unit(high) || !unit(low)) return false;
    out = std::size_t{high} << 15 | low;
    return true;
  }

  // The bytes of so many UTF-16 units.
  bool text(std::span<char>& out) {
    std::size_t units = 0;
    if (!length(units)) return false;
    char* const begin = at_;
    if (units <= left() && is_ascii(begin, units)) {
      at_ += units;
    } else {
      if (!skip(units)) return false;
      const std::string_view found(begin, static_cast<std::size_t>(at_ - begin));
      if (found.find(kReplacement) != std::string_view::npos) out_.wants_a_look = true;
    }
    out = {begin, at_};
    return true;
  }

  bool name(char*& out) {
    std::span<char> found;
    if (!text(found) || at_ == end_ || *at_ != '\0') return false;
    ++at_;
    out = found.data();
    size_of_name_ = found.size();
    return true;
  }

  // The name of an instance or a topic: a zero in it must not end it.
  bool strict_name(const char*& out) {
    char* begin = nullptr;
    if (!name(begin)) return false;
    std::replace(begin, begin + size_of_name_, '\0', '?');
    out = begin;
    return true;
  }

  bool header_name(const char*& out) {
    char* begin = nullptr;
    if (!name(begin)) return false;
    if (std::memchr(begin, '\0', size_of_name_) != nullptr) out_.wants_a_look = true;
    out = begin;
    return true;
  }

  // NULL and 0 for null.
  bool value(const void*& out, std::size_t& size) {
    out = nullptr;
    size = 0;
    if (at_ == end_) return false;
    const char kind = *at_++;
    if (kind == 'n') return true;
    std::span<char> found;
    if (!text(found)) return false;
    if (kind == 'b') found = to_bytes(found);
    out = found.data();
    size = found.size();
    return kind == 't' || kind == 'b';
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  unsigned bits(std::size_t of) const { return static_cast<unsigned char>(at_[of]) & 0x3fU; }

  bool skip(std::size_t units) {
    while (units != 0) {
      if (at_ == end_) return false;
      const auto first = static_cast<unsigned char>(*at_);
      const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      const std::size_t taken = size == 4 ? 2 : 1;
      if (size > left() || taken > units) return false;
      at_ += size;
      units -= taken;
    }
    return true;
  }

  // Each character below U+0100 becomes the byte of its number, in place.
  static std::span<char> to_bytes(std::span<char> utf8) {
    char* to = utf8.data();
    for (std::size_t at = 0; at < utf8.size(); ++at) {
      auto byte = static_cast<unsigned char>(utf8[at]);
      if (byte >= 0x80 && at + 1 < utf8.size()) {
        const auto next = static_cast<unsigned char>(utf8[++at]);
        byte = static_cast<unsigned char>((byte & 0x3U) << 6 | (next & 0x3fU));
      }
      *to++ = static_cast<char>(byte);
    }
    return {utf8.data(), to};
  }

  char* at_;
  char* end_;
  FlatEvent& out_;
  std::size_t size_of_name_ = 0;
};

}  // namespace

bool read_flat_event(std::span<char> flat, FlatEvent& out) {
  Reader reader(flat, out);
  if (!reader.strict_name(out.event.instance) || !reader.strict_name(out.event.topic)) return false;
  out.wants_a_look = false;  // these two have a form that the library checks
  if (!reader.value(out.event.key, out.event.key_size)) return false;
  while (!reader.at_end()) {
    ringpost_header header{};
    if (!reader.header_name(header.name) || !reader.value(header.value, header.value_size)) return false;
    if (out.event.header_count < kHeadersMax) out.headers[out.event.header_count] = header;
    ++out.event.header_count;
  }
  out.event.headers = out.headers.data();
  return true;
}

}  // namespace ringpost::node
