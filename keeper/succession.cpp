#include "keeper/succession.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keeper/frame_socket.hpp"
#include "keeper/log.hpp"

namespace ringpost::keeper {
namespace {

constexpr std::uint64_t kStateMagic = 0x31455441'54534B52;  // "RKSTATE1"
constexpr std::string_view kStateName = "ringpost-keeper.state";
constexpr std::string_view kHolderName = "ringpost-keeper.holder";

}  // namespace

bool Succession::open(Holdings& holdings) {
  holdings_ = &holdings;
  memory_ = holdings.descriptor_of(kStateName);
  if (memory_ >= 0) {
    State found{};
    const ssize_t size = ::pread(memory_, &found, sizeof found, 0);
    if (size == static_cast<ssize_t>(sizeof found) && found.magic == kStateMagic) {
      state_ = found;
      return true;
    }
    say("\"%s\" from systemd's store is not of this version of the keeper: the count of takes begins anew",
        kStateName.data());
  }
  const State fresh{kStateMagic, 0, 0};
  const int memory = ::memfd_create(kStateName.data(), MFD_CLOEXEC);
  if (memory < 0 || ::pwrite(memory, &fresh, sizeof fresh, 0) != static_cast<ssize_t>(sizeof fresh))
    return false;
  state_ = fresh;
  if (!holdings.keep_own(kStateName, memory)) return false;
  memory_ = memory;
  return true;
}

int Succession::holder_alive() const {
  const int pidfd = holdings_->descriptor_of(kHolderName);
  if (pidfd < 0 || state_.pid == 0 || is_dead(pidfd)) return -1;
  return ::fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
}

void Succession::record(std::uint64_t takes, pid_t pid, int pidfd) {
  const State now{kStateMagic, takes, pid};
  // Its page is there since open(): this can't fail.
  [[maybe_unused]] const ssize_t written = ::pwrite(memory_, &now, sizeof now, 0);
  state_ = now;
  const int copy = ::fcntl(pidfd, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0) holdings_->keep_own(kHolderName, copy);
}

}  // namespace ringpost::keeper
