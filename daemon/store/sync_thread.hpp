// Calls fdatasync() at intervals, and keeps the account of what it has reached: positions, as Log has them.
//
// A failed fdatasync() is final for what it was about: the kernel may have dropped those pages, and the next call says
// that all is well. So what was not synced of that segment is lost, and the segment gets nothing more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "daemon/store/files.hpp"

namespace ringpost::daemon {

class SyncThread {
 public:
  // `on_change` is called from the thread, without a lock. Throws std::system_error when there can be no thread.
  SyncThread(Files& files, std::string directory, std::chrono::milliseconds interval,
             std::function<void()> on_change);
  ~SyncThread();
  SyncThread(const SyncThread&) = delete;
  SyncThread& operator=(const SyncThread&) = delete;

  // Positions from `from` to `to` have been written to this segment. `is_new`: its name has to reach the disk, too.
  // False: it has failed meanwhile, and what was written does not count.
  bool add(std::uint32_t segment, std::shared_ptr<ipc::Descriptor> file, bool is_new, std::uint64_t from,
           std::uint64_t to);
  bool has_failed(std::uint32_t segment) const;
  bool is_pending(std::uint32_t segment) const;

  std::uint64_t synced() const;
  struct Lost {
    std::uint32_t segment;
    std::uint64_t from;
    std::uint64_t to;
    int error;
  };
  std::optional<Lost> take_lost();  // after which nothing may be added for its segment
  void sync_now();                  // waits until nothing is pending

 private:
  struct Pending {
    std::uint32_t segment;
    std::shared_ptr<ipc::Descriptor> file;
    bool is_new;
    std::uint64_t from;
    std::uint64_t to;
  };
  void run();
  void sync_round(std::unique_lock<std::mutex>& lock);
  void settle(const Pending& tried, int error);

  Files& files_;
  const std::string directory_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> on_change_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;  // the thread: there is something to do
  std::condition_variable idle_;  // sync_now(): nothing is pending
  bool stopping_ = false;
  bool hurry_ = false;
  std::uint64_t written_ = 0;
  std::deque<Pending> pending_;  // in the order of their positions
  std::deque<Lost> lost_;
  std::set<std::uint32_t> failed_;
  std::thread thread_;
};

}  // namespace ringpost::daemon
