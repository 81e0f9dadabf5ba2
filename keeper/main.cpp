// ringpost-keeper: holds a daemon's descriptors across its death. ringpost-keeper(8).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "keeper/keeper.hpp"
#include "keeper/log.hpp"

namespace {

using namespace ringpost::keeper;

constexpr int kUsageError = 64;  // sysexits' EX_USAGE

constexpr const char* kHelp =
    "Holds the descriptors of ringpostd's memory and connections, so that they outlive its death.\n"
    "\n"
    "Usage: ringpost-keeper --socket PATH\n"
    "       ringpost-keeper [--socket PATH] -- COMMAND [ARGUMENT...]\n"
    "\n"
    "  --socket PATH  listen there (mode 0600); systemd may pass a socket named ringpost-keeper.socket "
    "instead\n"
    "  -- COMMAND     be its parent: start it with RINGPOST_KEEPER=fd:N, start it again when it dies, pass "
    "signals on\n"
    "  --version      print the version\n"
    "  --help         print this\n"
    "\n"
    "Exit codes: 0 stopped by a signal; COMMAND's own when it was told to stop, or has ended with 64 or 78\n"
    "before anything was held; 1 can't start; 64 wrong arguments.\n";

int wrong(const char* what, const char* about) {
  say("%s%s; see ringpost-keeper --help", what, about);
  return kUsageError;
}

// The exit code; -1: go on.
int parse(int count, char** words, Options& options) {
  for (int at = 1; at < count; ++at) {
    const std::string_view word = words[at];
    if (word == "--help") return std::fputs(kHelp, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (word == "--version")
      return std::puts("ringpost-keeper " RINGPOST_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (word == "--") {
      if (at + 1 == count) return wrong("a command has to follow ", "--");
      options.command = words + at + 1;
      return -1;
    }
    if (word == "--socket") {
      if (++at == count) return wrong("a path has to follow ", "--socket");
      options.socket = words[at];
    } else if (word.starts_with("--socket=")) {
      options.socket = words[at] + std::strlen("--socket=");
    } else {
      return wrong("there is no option ", words[at]);
    }
  }
  if (options.socket == nullptr && std::getenv("LISTEN_FDS") == nullptr) {
    return wrong("--socket PATH or -- COMMAND has to be given", "");
  }
  return -1;
}

// All the memory that there will be.
Keeper keeper;

}  // namespace

int main(int count, char** words) {
  Options options;
  const int done = parse(count, words, options);
  if (done >= 0) return done;
  return keeper.open(options) ? keeper.run() : EXIT_FAILURE;
}
