// How ringpostd takes another configuration: it stops in good order and begins anew in the same process (execve), with the keeper
// holding everything, as a restart does.
//
//     SIGHUP ─▶ judge(): the file ──wrong──▶ said, and all goes on
//                  │ right
//                  ▼
//     the instances stop ─▶ begin_anew(): execve ─▶ load(): the text that was judged ─▶ it serves: settled()
//                                                      └ it can't: go_back() ─▶ begin_anew() ─▶ load(): the text of before
//
// The program is the one that runs, whatever lies at its path by now: what was judged by one program is not run by another. What
// passes: both texts, the connection to the keeper, the service manager's socket. All else is closed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

// What a server's run ends with when begin_anew() is to follow; no exit code.
inline constexpr int kBeginAnew = -1;

class Reload {
 public:
  // `arguments`: main()'s. Takes what this process has left for itself before it began anew, if it did.
  Reload(std::string path, char** arguments);

  const std::string& path() const { return path_; }

  // The configuration to begin with: the file's, or what was judged.
  LoadResult load();
  // True: the file as it is now can take the place of `now`, and begin_anew() begins with it. False: problems() say why not.
  bool judge(const DaemonConfig& now);
  // For another reason than what the file says.
  void refuse(std::string why) { problems_ = {std::move(why)}; }

  // Everything serves: there is no way back any more.
  void settled();
  // It can't serve, for this reason: begin_anew() begins with what ran before. False: nothing did.
  bool go_back(const std::string& why);
  // Why the configuration of the file is not the one that runs; empty: as far as is known, it is.
  const std::vector<std::string>& problems() const { return problems_; }

  // What is to pass, too. They are duplicated, and stay open here until then.
  void pass_keeper(int connection);
  void pass_listener(const ipc::Descriptor& activated);
  ipc::Descriptor keeper() const;  // of before; none: it was not passed

  // Does not return, unless it can't: why.
  std::string begin_anew();

 private:
  const std::string path_;
  char** const arguments_;
  ipc::Descriptor program_;
  std::string program_problem_;
  std::string text_;                   // that runs
  std::optional<std::string> before_;  // that ran before, until settled()
  std::string next_;                   // for begin_anew()
  std::vector<std::string> problems_;
  bool begun_anew_ = false;
  ipc::Descriptor keeper_;
  ipc::Descriptor listener_;
};

}  // namespace ringpost::daemon
