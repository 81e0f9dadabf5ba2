// `ringpost dead-letters replay` and `purge`: the files say which letters match, the daemon decides about them.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "daemon/command/dead_letters.hpp"
#include "daemon/command/dead_letters_filter.hpp"
#include "daemon/command/dead_letters_reading.hpp"
#include "daemon/command/endpoint.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/command/status_client.hpp"

namespace ringpost::daemon {
namespace {

using ipc::LetterResult;

// While the buffer has no room for the next ones: how often it is asked, and for how long.
constexpr std::chrono::milliseconds kRoomPause{100};
constexpr std::chrono::seconds kRoomPatience{30};

struct Chosen {
  std::string instance;
  std::string id;
  std::string topic;
  ipc::LetterName name;
};

// In the order in which they died, by instance.
int choose(const DeadLettersOptions& options, std::vector<Chosen>& chosen) {
  return read_dead_letters(real_files(), options,
                           [&chosen](const StoredLetter& letter, LetterState /*state*/, Place place) {
                             chosen.push_back({std::string(letter.instance),
                                               letter_id(letter.record),
                                               std::string(letter.record.view.topic),
                                               {pack(place), letter.record.sequence}});
                           });
}

class Decision {
 public:
  Decision(ipc::LetterAction action, std::string socket, bool json)
      : action_(action), socket_(std::move(socket)), json_(json) {}

  // False: the daemon can't be asked any more, which has been said.
  bool decide(std::vector<Chosen> batch);
  int exit_code() const { return done_ == all_ ? kExitOk : kExitFailed; }
  std::string summary() const;

 private:
  bool ask(const std::vector<Chosen>& batch, std::vector<LetterResult>& results);
  void say(const Chosen& letter, LetterResult result);

  ipc::LetterAction action_;
  std::string socket_;
  bool json_;
  std::uint64_t all_ = 0;
  std::uint64_t done_ = 0;
  std::map<std::string_view, std::uint64_t> others_;  // by result
};

bool Decision::ask(const std::vector<Chosen>& batch, std::vector<LetterResult>& results) {
  std::vector<ipc::LetterName> names;
  std::ranges::transform(batch, std::back_inserter(names), &Chosen::name);
  LettersAnswer answer = ask_letters(socket_, batch.front().instance, action_, names);
  results = std::move(answer.results);
  if (answer.problem.empty()) {
    return true;
  }
  fmt::print(stderr, "ringpost dead-letters: {}\n", answer.problem);
  return false;
}

bool Decision::decide(std::vector<Chosen> batch) {
  all_ += batch.size();
  const auto give_up = std::chrono::steady_clock::now() + kRoomPatience;
  while (!batch.empty()) {
    std::vector<LetterResult> results;
    if (!ask(batch, results)) {
      return false;
    }
    const bool wait = std::chrono::steady_clock::now() < give_up;
    std::vector<Chosen> again;
    for (std::size_t at = 0; at < batch.size(); ++at) {
      if (results[at] == LetterResult::kNoRoom && wait) {
        again.push_back(std::move(batch[at]));
      } else {
        say(batch[at], results[at]);
      }
    }
    batch = std::move(again);
    if (!batch.empty()) {
      std::this_thread::sleep_for(kRoomPause);
    }
  }
  return true;
}

void Decision::say(const Chosen& letter, LetterResult result) {
  result == LetterResult::kDone ? ++done_ : ++others_[name_of(result)];
  if (json_) {
    const boost::json::object line{{"id", letter.id},
                                   {"instance", letter.instance},
                                   {"topic", letter.topic},
                                   {"result", name_of(result)}};
    fmt::print("{}\n", boost::json::serialize(line));
  } else if (result != LetterResult::kDone) {
    fmt::print(stderr, "ringpost dead-letters: {} of instance {}: {}\n", letter.id, letter.instance,
               name_of(result));
  }
}

std::string Decision::summary() const {
  std::string text = fmt::format("{} of {} {}", done_, all_,
                                 action_ == ipc::LetterAction::kReplay ? "are on their way again" : "purged");
  for (const auto& [result, count] : others_) {
    text += fmt::format(", {} {}", count, result);
  }
  return text;
}

int decide(const DeadLettersOptions& options, ipc::LetterAction action) {
  if (options.dry_run) {
    return run_dead_letters_list(options);
  }
  const auto endpoint = find_endpoint({options.socket, options.config_file});
  if (!endpoint) {
    return kExitConfig;
  }
  std::vector<Chosen> chosen;
  if (const int code = choose(options, chosen); code != kExitOk) {
    return code;
  }
  if (chosen.empty()) {
    fmt::print(stderr, "ringpost dead-letters: none that match\n");
    return kExitOk;
  }
  Decision decision(action, endpoint->socket, options.json);
  for (auto from = chosen.begin(); from != chosen.end();) {
    auto to = from;
    while (to != chosen.end() && to - from < static_cast<std::ptrdiff_t>(ipc::kLettersAtOnceMax) &&
           to->instance == from->instance) {
      ++to;
    }
    if (!decision.decide({std::make_move_iterator(from), std::make_move_iterator(to)})) {
      fmt::print(stderr, "ringpost dead-letters: {}; then the daemon could not be asked any more\n",
                 decision.summary());
      return finish_output(kExitUnavailable);
    }
    from = to;
  }
  if (!options.json) {
    fmt::print("{}\n", decision.summary());
  }
  return finish_output(decision.exit_code());
}

}  // namespace

int run_dead_letters_replay(const DeadLettersOptions& options) {
  return decide(options, ipc::LetterAction::kReplay);
}

int run_dead_letters_purge(const DeadLettersOptions& options) {
  return decide(options, ipc::LetterAction::kPurge);
}

}  // namespace ringpost::daemon
