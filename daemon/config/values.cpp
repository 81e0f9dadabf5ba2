#include "daemon/config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <vector>

namespace ringpost::daemon {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From the largest to the smallest: the first that divides is used.
constexpr std::array kDurationUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"min", 60'000},
                                    Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr std::array kSizeUnits{Unit{"TiB", std::uint64_t{1} << 40}, Unit{"GiB", std::uint64_t{1} << 30},
                                Unit{"MiB", std::uint64_t{1} << 20}, Unit{"KiB", std::uint64_t{1} << 10},
                                Unit{"B", 1}};
constexpr std::uint64_t kSizeMaxBytes = std::uint64_t{1} << 62;

std::optional<std::uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units,
                                             std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) {
    return std::nullopt;
  }
  const std::string_view unit_name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (text == "0") {
    return 0;
  }
  const auto unit = std::ranges::find(units, unit_name, &Unit::name);
  if (unit == units.end() || number > max / unit->factor) {
    return std::nullopt;
  }
  return number * unit->factor;
}

std::string format_with_unit(std::uint64_t value, std::span<const Unit> units, std::string_view of_zero) {
  const auto unit = std::ranges::find_if(units, [&](const Unit& u) { return value % u.factor == 0; });
  return value == 0 ? fmt::format("0{}", of_zero) : fmt::format("{}{}", value / unit->factor, unit->name);
}

// Optimal string alignment: how many characters to add, drop, change or swap with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto parsed = parse_with_unit(text, kDurationUnits, static_cast<std::uint64_t>(kDurationMax.count()));
  if (!parsed) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(*parsed));
}

std::string format_duration(std::chrono::milliseconds duration) {
  return format_with_unit(static_cast<std::uint64_t>(duration.count()), kDurationUnits, "s");
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, kSizeUnits, kSizeMaxBytes);
}

std::string format_size(std::uint64_t bytes) { return format_with_unit(bytes, kSizeUnits, "B"); }

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kShownMaxBytes = 80;
  std::string result = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool continuation = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (i >= kShownMaxBytes && !continuation) {  // never in the middle of a character
      result += "...";
      break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      if (c == '"' || c == '\\') {
        result += '\\';
      }
      result += c;
    }
  }
  return result + '"';
}

std::optional<std::string_view> nearest(std::string_view text, std::span<const std::string_view> candidates) {
  constexpr std::size_t kLongestName = 64;  // the cost is quadratic, and no key is longer
  std::optional<std::string_view> best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string_view candidate : candidates) {
    const std::size_t tolerated = std::max(text.size(), candidate.size()) / 3;
    if (text.size() > kLongestName || tolerated == 0) {
      continue;
    }
    if (const std::size_t d = distance(text, candidate); d <= tolerated && d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace ringpost::daemon
