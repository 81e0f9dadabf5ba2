#include "client-lib/flat_event.hpp"

#include <algorithm>

namespace ringpost {
namespace {

constexpr unsigned char kNull = 0;
constexpr unsigned char kBytes = 2;

class Reader {
 public:
  explicit Reader(std::span<char> flat) : left_(flat) {}

  bool at_end() const { return left_.empty(); }

  bool name(std::span<char>& out) {
    if (!sized(out) || left_.empty() || left_.front() != '\0') return false;
    left_ = left_.subspan(1);
    return true;
  }

  // NULL and 0 for null.
  bool value(const void*& out, std::size_t& size) {
    out = nullptr;
    size = 0;
    if (left_.empty()) return false;
    const auto kind = static_cast<unsigned char>(left_.front());
    left_ = left_.subspan(1);
    if (kind == kNull) return true;
    std::span<char> found;
    if (kind > kBytes || !sized(found)) return false;
    out = found.data();
    size = found.size();
    return true;
  }

 private:
  bool sized(std::span<char>& out) {
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (left_.empty() || shift > 28) return false;
      const auto byte = static_cast<unsigned char>(left_.front());
      left_ = left_.subspan(1);
      size |= std::size_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    if (size > left_.size()) return false;
    out = left_.first(size);
    left_ = left_.subspan(size);
    return true;
  }

  std::span<char> left_;
};

// A zero inside must not end it: it becomes part of a name that the library refuses.
const char* whole(std::span<char> name) {
  std::replace(name.begin(), name.end(), '\0', '?');
  return name.data();
}

}  // namespace

bool read_flat_event(std::span<char> flat, FlatEvent& out) {
  Reader reader(flat);
  std::span<char> name;
  if (!reader.name(name)) return false;
  out.event.instance = whole(name);
  if (!reader.name(name)) return false;
  out.event.topic = whole(name);
  if (!reader.value(out.event.key, out.event.key_size)) return false;
  while (!reader.at_end()) {
    ringpost_header header{};
    if (!reader.name(name) || !reader.value(header.value, header.value_size)) return false;
    header.name = name.data();
    if (out.event.header_count < kHeadersMax) out.headers[out.event.header_count] = header;
    ++out.event.header_count;
  }
  out.event.headers = out.headers.data();
  return true;
}

}  // namespace ringpost
