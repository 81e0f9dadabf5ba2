#include "daemon/command/dead_letters_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <utility>

#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::array<std::pair<LetterState, std::string_view>, 4> kStates{
    {{LetterState::kWaiting, "waiting"},
     {LetterState::kVoided, "voided"},
     {LetterState::kReplayed, "replayed"},
     {LetterState::kPurged, "purged"}}};

// Takes a text apart from the front; once something is missing, good() is false for good.
class MomentReader {
 public:
  explicit MomentReader(std::string_view text) : rest_(text) {}

  // Exactly so many digits, of a number from `min` to `max`.
  int number(std::size_t digits, int min, int max) {
    int value = 0;
    const std::string_view part = rest_.substr(0, digits);
    if (part.size() != digits || !std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; })) {
      good_ = false;
      return min;
    }
    std::from_chars(part.data(), part.data() + part.size(), value);
    rest_.remove_prefix(digits);
    good_ = good_ && value >= min && value <= max;
    return value;
  }

  bool try_one_of(std::string_view characters, char& found) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) {
      return false;
    }
    found = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  void one_of(std::string_view characters) {
    char found = 0;
    good_ = try_one_of(characters, found) && good_;
  }

  // What stands behind the point, in ms; any digits after the third are cut off.
  int fraction() {
    const std::size_t digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    std::string text(rest_.substr(0, std::min<std::size_t>(digits, 3)));
    good_ = good_ && !text.empty();
    rest_.remove_prefix(digits);
    text.resize(3, '0');
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// "Z", "+01:00" or "-01:00": how far that is ahead of UTC.
std::chrono::minutes read_offset(MomentReader& reader) {
  char sign = 0;
  if (reader.try_one_of("Zz", sign)) {
    return std::chrono::minutes(0);
  }
  if (!reader.try_one_of("+-", sign)) {
    reader.one_of("Z");  // fails
    return std::chrono::minutes(0);
  }
  const int hours = reader.number(2, 0, 23);
  reader.one_of(":");
  const int minutes = hours * 60 + reader.number(2, 0, 59);
  return std::chrono::minutes(sign == '-' ? -minutes : minutes);
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  MomentReader reader(text);
  const year_month_day date = [&] {
    const int years = reader.number(4, 1970, 9999);
    reader.one_of("-");
    const int months = reader.number(2, 1, 12);
    reader.one_of("-");
    const int days_of_month = reader.number(2, 1, 31);
    return year(years) / month(static_cast<unsigned>(months)) / day(static_cast<unsigned>(days_of_month));
  }();
  if (!reader.good() || !date.ok()) {
    return std::nullopt;
  }
  milliseconds moment = sys_days(date).time_since_epoch();
  if (!reader.at_end()) {
    reader.one_of("Tt ");
    moment += hours(reader.number(2, 0, 23));
    reader.one_of(":");
    moment += minutes(reader.number(2, 0, 59));
    reader.one_of(":");
    moment += seconds(reader.number(2, 0, 60));  // a leap second is the next minute's first
    if (char point = 0; reader.try_one_of(".", point)) {
      moment += milliseconds(reader.fraction());
    }
    moment -= read_offset(reader);
  }
  return reader.good() && reader.at_end() ? std::optional(moment.count()) : std::nullopt;
}

bool topic_passes(std::string_view rule, std::string_view topic) {
  return rule.ends_with('*') ? topic.starts_with(rule.substr(0, rule.size() - 1)) : topic == rule;
}

}  // namespace

std::string_view to_string(LetterState state) {
  return std::ranges::find(kStates, state, &decltype(kStates)::value_type::first)->second;
}

std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now_ms) {
  if (const auto ago = parse_duration(text)) {
    return now_ms - ago->count();
  }
  return parse_rfc3339(text);
}

bool parse_letter_state(std::string_view text, std::optional<LetterState>& state) {
  if (text == "all") {
    state = std::nullopt;
    return true;
  }
  const auto found = std::ranges::find(kStates, text, &decltype(kStates)::value_type::second);
  if (found != kStates.end()) {
    state = found->first;
  }
  return found != kStates.end();
}

std::vector<std::string_view> letter_reason_names() {
  std::vector<std::string_view> names;
  for (unsigned number = 1; number <= std::numeric_limits<std::uint8_t>::max(); ++number) {
    const auto reason = static_cast<LetterReason>(number);
    if (const std::string_view name = to_string(reason); letter_reason(name) == reason) {
      names.push_back(name);
    }
  }
  return names;
}

std::string letter_id(const StoredRecord& record) {
  std::string id;
  for (std::size_t i = 0; i < record.arena_id.size(); ++i) {
    id += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", record.arena_id[i]);
  }
  return fmt::format("{}-{}", id, record.sequence);
}

bool passes(const LetterFilter& filter, const StoredLetter& letter, LetterState state) {
  return (!filter.state || filter.state == state) && (!filter.reason || filter.reason == letter.reason) &&
         letter.time_ms >= filter.since_ms && letter.time_ms < filter.until_ms &&
         (filter.topic.empty() || topic_passes(filter.topic, letter.record.view.topic)) &&
         (filter.id.empty() || filter.id == letter_id(letter.record));
}

}  // namespace ringpost::daemon
