#include "tests/survival/tracer.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint64_t kInt3 = 0xCC;

template <typename T>
std::span<const T> table(const std::string& file, const Elf64_Shdr& section) {
  if (section.sh_offset + section.sh_size > file.size()) throw std::runtime_error("a file cut off");
  return {reinterpret_cast<const T*>(file.data() + section.sh_offset), section.sh_size / sizeof(T)};
}

// The last name in "a::b::append(": what a mangled name must have in it.
std::string last_name(const std::string& beginning) {
  const std::string name = beginning.substr(0, beginning.find('('));
  const std::size_t colons = name.rfind("::");
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

bool is_named(const char* mangled, const std::string& beginning) {
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr), &std::free);
  if (name == nullptr) return false;
  const std::string_view text(name.get());
  return text.starts_with(beginning) && text.find("[clone") == std::string_view::npos;
}

long trace(__ptrace_request request, pid_t thread, std::uint64_t address, std::uint64_t data) {
  return ::ptrace(request, thread, address, data);
}

int signal_code(pid_t thread) {
  siginfo_t info{};
  ::ptrace(PTRACE_GETSIGINFO, thread, nullptr, &info);
  return info.si_code;
}

std::uint64_t word(pid_t thread, std::uint64_t address) {
  return static_cast<std::uint64_t>(trace(PTRACE_PEEKTEXT, thread, address, 0));
}

void set_word(pid_t thread, std::uint64_t address, std::uint64_t word) {
  trace(PTRACE_POKETEXT, thread, address, word);
}

bool is_trap(int status) { return WIFSTOPPED(status) && (status >> 8) == SIGTRAP; }

std::uint64_t instruction(pid_t thread) {
  user_regs_struct registers{};
  ::ptrace(PTRACE_GETREGS, thread, nullptr, &registers);
  return registers.rip;
}

void set_instruction(pid_t thread, std::uint64_t address) {
  user_regs_struct registers{};
  ::ptrace(PTRACE_GETREGS, thread, nullptr, &registers);
  registers.rip = address;
  ::ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
}

}  // namespace

std::optional<std::uint64_t> function_in(const std::string& elf_file, const std::string& beginning) {
  const std::string file = read_file(elf_file);
  Elf64_Ehdr header;
  if (file.size() < sizeof header) throw std::runtime_error(elf_file + " is no program");
  std::memcpy(&header, file.data(), sizeof header);
  const std::string last = last_name(beginning);
  const std::span<const Elf64_Shdr> sections(
      reinterpret_cast<const Elf64_Shdr*>(file.data() + header.e_shoff), header.e_shnum);
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB) continue;
    const char* const names = file.data() + sections[section.sh_link].sh_offset;
    for (const Elf64_Sym& symbol : table<Elf64_Sym>(file, section)) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_value == 0) continue;
      const char* const name = names + symbol.st_name;
      if (std::strstr(name, last.c_str()) != nullptr && is_named(name, beginning)) return symbol.st_value;
    }
  }
  return std::nullopt;
}

Tracer::Tracer(const std::vector<std::string>& command) : pid_(::fork()) {
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    std::vector<std::string> words = command;
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  const Event event = wait();
  if (event.thread != pid_ || !is_trap(event.status))
    throw std::runtime_error(command[0] + " can't be traced");
  trace(PTRACE_SETOPTIONS, pid_, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE);
}

Tracer::~Tracer() { kill(); }

void Tracer::interrupt_by_alarm() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, nullptr);  // without SA_RESTART: waitpid() ends with EINTR
}

Tracer::Event Tracer::wait() {
  for (;;) {
    Event event;
    event.thread = ::waitpid(-1, &event.status, __WALL);
    if (event.thread < 0) return {};
    if (WIFSTOPPED(event.status)) return event;
    threads_.erase(event.thread);
    if (event.thread == pid_) status_ = event.status;
  }
}

void Tracer::on(pid_t thread, int signal) { trace(PTRACE_CONT, thread, 0, static_cast<unsigned>(signal)); }

void Tracer::let_run(const Event& event) {
  const bool is_new = threads_.insert(event.thread).second;
  const int signal = WSTOPSIG(event.status);
  const bool has_cloned = event.status >> 16 != 0;
  const bool begins = is_new && signal == SIGSTOP;
  // Another one that has come to the breakpoint: it goes there once more.
  if (is_at_breakpoint(event)) set_instruction(event.thread, breakpoint_);
  on(event.thread, has_cloned || begins || signal == SIGTRAP ? 0 : signal);
}

bool Tracer::is_at_breakpoint(const Event& event) const {
  return breakpoint_ != 0 && is_trap(event.status) && instruction(event.thread) == breakpoint_ + 1;
}

void Tracer::begin() {
  if (std::exchange(has_begun_, true)) return;
  threads_.insert(pid_);
  on(pid_, 0);
}

std::uint64_t Tracer::base() const {
  const std::string link = "/proc/" + std::to_string(pid_);
  std::array<char, 4096> program{};
  const ssize_t length = ::readlink((link + "/exe").c_str(), program.data(), program.size() - 1);
  if (length <= 0) throw std::runtime_error("no program");
  std::ifstream maps(link + "/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.ends_with(program.data())) return std::stoull(line, nullptr, 16);
  }
  throw std::runtime_error("the program is not mapped");
}

std::optional<pid_t> Tracer::run_to(std::uint64_t offset, std::uint32_t hits) {
  breakpoint_ = base() + offset;
  // Memory is read and written through a thread that stands: before the first hit there is only one.
  const std::uint64_t original = word(pid_, breakpoint_);
  const std::uint64_t with_breakpoint = (original & ~std::uint64_t{0xFF}) | kInt3;
  set_word(pid_, breakpoint_, with_breakpoint);
  begin();
  for (;;) {
    const Event event = wait();
    if (event.thread == 0) return std::nullopt;
    if (!is_at_breakpoint(event)) {
      let_run(event);
      continue;
    }
    set_instruction(event.thread, breakpoint_);
    set_word(event.thread, breakpoint_, original);
    if (--hits == 0) return event.thread;
    if (!step(event.thread)) continue;
    set_word(event.thread, breakpoint_, with_breakpoint);
    on(event.thread, 0);
  }
}

std::optional<pid_t> Tracer::run_to_trap() {
  begin();
  for (;;) {
    const Event event = wait();
    if (event.thread == 0) return std::nullopt;
    if (is_trap(event.status) && signal_code(event.thread) == SI_TKILL) return event.thread;
    let_run(event);
  }
}

bool Tracer::step(pid_t thread) {
  int signal = 0;
  for (;;) {
    if (trace(PTRACE_SINGLESTEP, thread, 0, static_cast<unsigned>(signal)) != 0) return false;
    Event event = wait();
    while (event.thread != thread) {
      if (event.thread == 0) return false;
      let_run(event);
      event = wait();
    }
    if (is_trap(event.status)) return signal_code(thread) != SI_TKILL;
    signal = event.status >> 16 != 0 ? 0 : WSTOPSIG(event.status);
  }
}

void Tracer::kill() {
  if (status_) return;
  ::kill(pid_, SIGKILL);
  while (!status_) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, __WALL);
    if (ended < 0 && errno != EINTR) return;
    if (ended == pid_ && !WIFSTOPPED(status)) status_ = status;
  }
}

}  // namespace ringpost::tests
