// A forked child of a test.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace ringpost::tests {

// Runs `body` in a forked child and returns its exit status; -1 where a signal ended it.
inline int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace ringpost::tests
