// `ringpost dead-letters`: what it was asked for, and a function for each of its subcommands.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/stored_record.hpp"

namespace ringpost::daemon {

inline constexpr const char* kConfigFileDefault = "/etc/ringpost/ringpost.toml";

// What has become of a letter since it was written.
enum class LetterState : std::uint8_t {
  kWaiting,   // for somebody to decide
  kVoided,    // the event was acknowledged after all
  kReplayed,  // published again
  kPurged,    // given up for good
};
std::string_view to_string(LetterState state);

// What every subcommand can be narrowed to; what is empty matches everything.
struct LetterFilter {
  std::string instance;
  std::string topic;  // a name or a "prefix*"
  std::optional<LetterReason> reason;
  std::int64_t since_ms = std::numeric_limits<std::int64_t>::min();  // of when it became a letter
  std::int64_t until_ms = std::numeric_limits<std::int64_t>::max();  // exclusive
  std::string id;                                                    // a ringpost-id
  std::optional<LetterState> state = LetterState::kWaiting;          // nullopt: all
};

struct DeadLettersOptions {
  std::string config_file;  // empty: the default path, unless there is a state_dir
  std::string state_dir;    // empty: what the configuration says
  LetterFilter filter;
  bool json = false;
  std::string socket;    // of the daemon; empty: as find_endpoint() says
  bool dry_run = false;  // say what would be done
};

// The exit code. These read the files in state_dir, whether a daemon runs or not, and change nothing.
int run_dead_letters_list(const DeadLettersOptions& options);    // a line each, never a payload
int run_dead_letters_show(const DeadLettersOptions& options);    // everything of the one with filter.id
int run_dead_letters_export(const DeadLettersOptions& options);  // everything, as lines of JSON

// These ask the daemon, which has to run. What was decided of each letter: a line of JSON, or where it was not done, on
// stderr.
int run_dead_letters_replay(const DeadLettersOptions& options);
int run_dead_letters_purge(const DeadLettersOptions& options);

}  // namespace ringpost::daemon
