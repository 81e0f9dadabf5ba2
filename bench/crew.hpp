// The senders of a cell: so many processes with so many threads each, which run a slice together when they are told to.
#pragma once

#include <semaphore.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ringpost::bench {

enum class Sent : std::uint8_t { kYes, kFull };

// Sends one message, or says that there was no room. Called by all threads of its process.
using Send = std::function<Sent()>;

struct CrewSize {
  unsigned processes = 1;
  unsigned threads = 1;  // of each
  unsigned senders() const { return processes * threads; }
};

// What each sender does once.
struct Slice {
  std::size_t contender = 0;     // which of the Sends
  std::uint32_t calls = 0;       // that have room; the others are counted
  std::uint32_t at_once = 1;     // calls that are timed together: one reading of the clock for all of them
  std::int64_t interval_ns = 0;  // from one intended call to the next; 0: back to back
};

class Crew {
 public:
  static constexpr std::uint32_t kCallsMax = 4'000;

  // `make` is called in each process and gives its Sends. Forks: one thread, please. A crew of one is pinned to
  // processor 0, a larger one goes where the kernel puts it.
  Crew(CrewSize size, const std::function<std::vector<Send>()>& make);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Returns when all are through; throws when one of them has died.
  void run(const Slice& slice);

  // One sender's last slice, in shared memory. Times are of a call, clock included.
  struct Record {
    sem_t begin;
    std::uint32_t samples;
    std::uint64_t full;
    std::uint32_t service_ns[kCallsMax];
    std::uint32_t late_ns[kCallsMax];  // from the intended time to the end; paced slices only
  };
  std::span<const Record> records() const;

 private:
  struct Shared;
  void work(unsigned sender, const std::vector<Send>& sends);
  void run_process(unsigned process, const std::function<std::vector<Send>()>& make);
  void check_alive();

  CrewSize size_;
  Shared* shared_;
  std::vector<pid_t> processes_;
};

}  // namespace ringpost::bench
