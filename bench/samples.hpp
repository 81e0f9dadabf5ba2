// Times of single calls, and what people want to know of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringpost::bench {

class Samples {
 public:
  void add(std::span<const std::uint32_t> ns) { ns_.insert(ns_.end(), ns.begin(), ns.end()); }
  void add(std::uint32_t ns) { ns_.push_back(ns); }

  bool empty() const { return ns_.empty(); }
  // 0.5 is the median, 1 the longest.
  std::uint32_t percentile_ns(double share) {
    if (ns_.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(ns_.size() - 1));
    std::nth_element(ns_.begin(), ns_.begin() + at, ns_.end());
    return ns_[static_cast<std::size_t>(at)];
  }

 private:
  std::vector<std::uint32_t> ns_;
};

}  // namespace ringpost::bench
