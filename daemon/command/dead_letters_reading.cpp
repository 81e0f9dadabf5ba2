#include "daemon/command/dead_letters_reading.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "daemon/command/dead_letters_filter.hpp"
#include "daemon/command/endpoint.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/store/log.hpp"
#include "daemon/store/state_directory.hpp"

namespace ringpost::daemon {
namespace {

void complain(std::string_view text) { fmt::print(stderr, "ringpost dead-letters: {}\n", text); }

// Where to read, or the exit code when that can't be known (what is wrong has been said then).
struct LettersSource {
  int exit_code = kExitOk;
  std::string state_dir;
  std::vector<std::string> configured;  // the configuration's instances, where one was read
};

LettersSource find_letters_source(const DeadLettersOptions& options) {
  if (options.config_file.empty() && !options.state_dir.empty()) {
    return {kExitOk, options.state_dir, {}};
  }
  const std::string file = options.config_file.empty() ? kConfigFileDefault : options.config_file;
  const LoadResult loaded = load(file);
  if (!loaded.config) {
    print_problems(loaded, file);
    complain(
        "no configuration says where the dead letters are: name it (--config FILE), or the daemon's "
        "state_dir "
        "(--state-dir DIR)");
    return {kExitConfig, {}, {}};
  }
  LettersSource source{kExitOk, loaded.config->daemon.state_dir, {}};
  std::ranges::transform(loaded.config->instances, std::back_inserter(source.configured),
                         &InstanceConfig::name);
  if (!options.state_dir.empty()) {
    source.state_dir = options.state_dir;
  }
  return source;
}

std::string user_name(uid_t user) {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  (void)getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? fmt::format("the user {}", user) : fmt::format("the user {}", found->pw_name);
}

// What is wrong, and who can help.
std::string folder_problem(const std::string& path, int error) {
  std::string text = fmt::format("can't read {}: {}", path, errno_text(error));
  if (error == ENOENT) {
    return text +
           "; ringpostd makes it when it starts: has it run, and is it the right folder (--config, "
           "--state-dir)?";
  }
  struct stat status {};
  if ((error == EACCES || error == EPERM) && ::stat(path.c_str(), &status) == 0) {
    return text + fmt::format("; it belongs to {}: only that user and root may read dead letters",
                              user_name(status.st_uid));
  }
  return error == EACCES ? text + "; only root and the user that ringpostd runs as may read dead letters"
                         : text;
}

// The letters of one folder: the marks of a segment come before its frames.
class LetterVisitor : public LogVisitor {
 public:
  LetterVisitor(const LetterFilter& filter, const LetterSink& sink) : filter_(filter), sink_(sink) {}

  void segment(std::uint32_t /*number*/, const SegmentFacts& /*facts*/) override { states_.clear(); }

  void mark(Place place, std::uint8_t mark, std::uint32_t /*argument*/) override {
    if (mark >= kLetterVoided && mark <= kLetterPurged) {
      states_[place] = mark == kLetterVoided     ? LetterState::kVoided
                       : mark == kLetterReplayed ? LetterState::kReplayed
                                                 : LetterState::kPurged;
    }
  }

  void frame(Place place, std::span<const std::byte> payload) override {
    StoredLetter letter;
    if (const std::string_view problem = decode(payload, letter); !problem.empty()) {
      problems_.push_back(
          fmt::format("segment {}: the letter at {} can't be read by this version of ringpost: {}",
                      place.segment, place.offset, problem));
      return;
    }
    const auto state = states_.find(place);
    const LetterState is = state == states_.end() ? LetterState::kWaiting : state->second;
    if (passes(filter_, letter, is)) {
      sink_(letter, is, place);
    }
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  const LetterFilter& filter_;
  const LetterSink& sink_;
  std::map<Place, LetterState> states_;
  std::vector<std::string> problems_;
};

// False when something was wrong with it, which has been said.
bool read_folder(Files& files, const std::string& folder, const LetterFilter& filter,
                 const LetterSink& sink) {
  std::vector<std::string> names;
  if (const int error = files.list(folder, names); error != 0) {
    complain(folder_problem(folder, error));
    return false;
  }
  LetterVisitor visitor(filter, sink);
  std::vector<Problem> problems;
  bool good = read_log(files, folder, Kind::kLetters, visitor, problems);
  for (const Problem& problem : problems) {
    complain(problem.text);
  }
  for (const std::string& problem : visitor.problems()) {
    complain(fmt::format("{}: {}", folder, problem));
  }
  return good && problems.empty() && visitor.problems().empty();
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) != 0 ||
         S_ISDIR(status.st_mode);  // what can't be looked at is named later
}

// The instances that have a folder, by name.
std::vector<std::string> instances_in(const std::string& state_dir, std::vector<std::string> names) {
  std::erase_if(names, [&](const std::string& name) {
    return !ipc::is_instance_name(name) || !is_folder(StateDirectory::instance_path(state_dir, name));
  });
  std::ranges::sort(names);
  return names;
}

}  // namespace

int read_dead_letters(Files& files, const DeadLettersOptions& options, const LetterSink& sink) {
  const LettersSource source = find_letters_source(options);
  if (source.exit_code != kExitOk) {
    return source.exit_code;
  }
  std::vector<std::string> names;
  if (const int error = files.list(source.state_dir, names); error != 0) {
    complain(folder_problem(source.state_dir, error));
    return kExitFailed;
  }
  std::vector<std::string> instances = instances_in(source.state_dir, std::move(names));
  if (const std::string& wanted = options.filter.instance; !wanted.empty()) {
    if (std::ranges::find(instances, wanted) != instances.end()) {
      instances = {wanted};
    } else if (std::ranges::find(source.configured, wanted) != source.configured.end()) {
      instances.clear();  // it has had nothing to write down yet
    } else {
      complain(fmt::format(
          "{} has nothing of an instance \"{}\"; {}", source.state_dir, wanted,
          instances.empty() ? "it is empty" : fmt::format("there are: {}", fmt::join(instances, ", "))));
      return kExitFailed;
    }
  }
  bool good = true;
  for (const std::string& instance : instances) {
    good =
        read_folder(files, StateDirectory::instance_path(source.state_dir, instance), options.filter, sink) &&
        good;
  }
  return good ? kExitOk : kExitFailed;
}

int finish_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) {
    return exit_code;
  }
  complain(fmt::format("the output is not whole: {}", errno_text(errno)));
  return kExitFailed;
}

}  // namespace ringpost::daemon
