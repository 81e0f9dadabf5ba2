// Times of single calls, and what people want to know of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringpost::bench {

class Samples {
 public:
  explicit Samples(std::size_t capacity) { ns_.reserve(capacity); }

  // Never allocates: what is over the capacity replaces older samples, evenly.
  void add(std::int64_t ns) {
    const auto value = static_cast<std::uint32_t>(std::clamp<std::int64_t>(ns, 0, UINT32_MAX));
    if (ns_.size() < ns_.capacity()) {
      ns_.push_back(value);
    } else {
      ns_[next_++ % ns_.size()] = value;
    }
    max_ = std::max(max_, value);
  }
  void add_full() { ++full_; }

  bool empty() const { return ns_.empty(); }
  std::uint64_t full() const { return full_; }
  std::uint32_t max_ns() const { return max_; }
  // 0.5 is the median.
  std::uint32_t percentile_ns(double share) {
    if (ns_.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(ns_.size() - 1));
    std::nth_element(ns_.begin(), ns_.begin() + at, ns_.end());
    return ns_[static_cast<std::size_t>(at)];
  }

 private:
  std::vector<std::uint32_t> ns_;
  std::size_t next_ = 0;
  std::uint32_t max_ = 0;
  std::uint64_t full_ = 0;
};

}  // namespace ringpost::bench
