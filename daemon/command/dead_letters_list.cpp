#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/command/dead_letters.hpp"
#include "daemon/command/dead_letters_filter.hpp"
#include "daemon/command/dead_letters_reading.hpp"
#include "daemon/command/dead_letters_text.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/command/record_text.hpp"

namespace ringpost::daemon {
namespace {

// A table that is printed while it comes: there may be millions of rows. The columns are as wide as what has come so far.
class LetterTable {
 public:
  LetterTable() {
    rows_.push_back({"ID", "INSTANCE", "TOPIC", "REASON", "STATE", "TIME", "BYTES", "ATTEMPTS"});
  }

  void add(const StoredLetter& letter, LetterState state) {
    const std::string_view topic = letter.record.view.topic;
    rows_.push_back(
        {letter_id(letter.record), std::string(letter.instance), topic.empty() ? "-" : std::string(topic),
         std::string(to_string(letter.reason)), std::string(to_string(state)), utc_text(letter.time_ms),
         fmt::format("{}", letter_event_bytes(letter)), fmt::format("{}", letter.record.attempts)});
    if (rows_.size() >= kRowsAtOnce) {
      flush();
    }
    any_ = true;
  }

  void flush() {
    for (const Row& row : rows_) {
      for (std::size_t i = 0; i < kColumns; ++i) {
        widths_[i] = std::max(widths_[i], row[i].size());
      }
    }
    for (const Row& row : rows_) {
      print(row);
    }
    rows_.clear();
  }

  bool any() const { return any_; }

 private:
  static constexpr std::size_t kColumns = 8;
  static constexpr std::size_t kFirstFigure = 6;
  static constexpr std::size_t kRowsAtOnce = 1'000;
  using Row = std::array<std::string, kColumns>;

  void print(const Row& row) const {
    for (std::size_t i = 0; i < kFirstFigure; ++i) {
      fmt::print("{:<{}}  ", row[i], widths_[i]);
    }
    fmt::print("{:>{}}  {:>{}}\n", row[6], widths_[6], row[7], widths_[7]);
  }

  std::vector<Row> rows_;
  std::array<std::size_t, kColumns> widths_{};
  bool any_ = false;
};

}  // namespace

int run_dead_letters_list(const DeadLettersOptions& options) {
  if (options.json) {
    const int code = read_dead_letters(real_files(), options,
                                       [](const StoredLetter& letter, LetterState state, Place /*place*/) {
                                         fmt::print("{}\n", letter_json(letter, state));
                                       });
    return finish_output(code);
  }
  LetterTable table;
  const int code = read_dead_letters(
      real_files(), options,
      [&table](const StoredLetter& letter, LetterState state, Place /*place*/) { table.add(letter, state); });
  if (table.any()) {
    table.flush();
  } else if (code == kExitOk) {
    fmt::print(stderr, "ringpost dead-letters: none that match\n");
  }
  return finish_output(code);
}

}  // namespace ringpost::daemon
