#include "tests/support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

namespace ringpost::tests {
namespace {

int check(int result, const std::string& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int open_file(const std::filesystem::path& path, int flags) {
  return check(::open(path.c_str(), flags | O_CLOEXEC, 0600), "open " + path.string());
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) entries.push_back(text);
  }
  for (const auto& [name, value] : changes) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Or are gone.
bool all_threads_are(pid_t pid, char state) {
  std::error_code gone;
  const std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", gone);
  std::size_t count = 0;
  const bool all = std::all_of(begin(threads), end(threads), [&](const std::filesystem::path& thread) {
    ++count;
    const std::string stat = read_file(thread / "stat");  // NUMBER (NAME) STATE ...
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos || stat.at(name_end + 2) == state;
  });
  return all && (state != 'Z' || count <= 1);  // the first thread is one before the others are
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const ProcessOptions& options) {
  std::vector<std::string> words = command;
  std::vector<std::string> environment = environment_with(options.environment);
  const std::vector<char*> word_pointers = pointers_to(words);
  const std::vector<char*> environment_pointers = pointers_to(environment);

  std::array<int, 2> input{-1, -1};
  if (options.hold_standard_input) {
    check(::pipe2(input.data(), O_CLOEXEC), "pipe");
  } else {
    write_file(directory_.path() / "stdin", options.standard_input);
    input[0] = open_file(directory_.path() / "stdin", O_RDONLY);
  }
  const int output = open_file(directory_.path() / "stdout", O_WRONLY | O_CREAT | O_APPEND);
  const int errors = open_file(directory_.path() / "stderr", O_WRONLY | O_CREAT | O_APPEND);

  const pid_t parent = ::getpid();
  pid_ = check(::fork(), "fork");
  if (pid_ == 0) {
    // Only what is safe after a fork in a program with threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    ::dup2(input[0], STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    ::execvpe(word_pointers[0], word_pointers.data(), environment_pointers.data());
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output);
  ::close(errors);
  input_ = input[1];
}

Process::~Process() {
  close_standard_input();
  if (status_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) const {
  if (!status_) check(::kill(pid_, number), "kill");
}

void Process::write(const std::string& text) const {
  const ssize_t written = ::write(input_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()))
    throw std::system_error(errno, std::generic_category(), "writing to a child's standard input");
}

void Process::close_standard_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

bool Process::running() {
  if (status_) return false;
  int status = 0;
  const pid_t ended = check(::waitpid(pid_, &status, WNOHANG), "waitpid");
  if (ended == 0) return true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return false;
}

int Process::wait(std::chrono::steady_clock::duration deadline) {
  return wait_until([this] { return !running(); }, deadline) ? *status_ : kStillRunning;
}

Outcome run(const std::vector<std::string>& command, const ProcessOptions& options,
            std::chrono::steady_clock::duration deadline) {
  Process process(command, options);
  const int status = process.wait(deadline);
  return {status, process.output(), process.errors()};
}

void pause_process(pid_t pid) {
  check(::kill(pid, SIGSTOP), "kill");
  if (!wait_until([pid] { return all_threads_are(pid, 'T'); }))
    throw std::runtime_error("process " + std::to_string(pid) + " does not stop");
}

void kill_process(pid_t pid) {
  check(::kill(pid, SIGKILL), "kill");
  if (!wait_until([pid] { return all_threads_are(pid, 'Z'); }))
    throw std::runtime_error("process " + std::to_string(pid) + " does not end");
}

std::string program(const std::string& name) { return std::string(RINGPOST_PROGRAMS) + "/" + name; }

std::string source_file(const std::string& name) { return std::string(RINGPOST_SOURCES) + "/" + name; }

}  // namespace ringpost::tests
