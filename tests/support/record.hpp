// A record as a consumer sees it, whichever consumer it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ringpost::tests {

struct Record {
  std::int64_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;   // by read_with_kcat() only
  std::optional<std::string> key;  // none: a null key
  std::vector<std::pair<std::string, std::string>> headers;
  std::string message;

  // The first header of that name; none when there is no such header.
  std::optional<std::string> header(const std::string& name) const {
    for (const auto& [found, value] : headers) {
      if (found == name) return value;
    }
    return std::nullopt;
  }
};

}  // namespace ringpost::tests
