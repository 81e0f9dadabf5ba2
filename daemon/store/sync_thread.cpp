#include "daemon/store/sync_thread.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ringpost::daemon {

SyncThread::SyncThread(Files& files, std::string directory, std::chrono::milliseconds interval,
                       std::function<void()> on_change)
    : files_(files),
      directory_(std::move(directory)),
      interval_(interval),
      on_change_(std::move(on_change)),
      thread_([this] { run(); }) {}

SyncThread::~SyncThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool SyncThread::add(std::uint32_t segment, std::shared_ptr<ipc::Descriptor> file, bool is_new,
                     std::uint64_t from, std::uint64_t to) {
  const std::lock_guard lock(mutex_);
  if (failed_.contains(segment)) return false;
  written_ = to;
  if (!pending_.empty() && pending_.back().segment == segment) {
    pending_.back().to = to;
    return true;
  }
  pending_.push_back({segment, std::move(file), is_new, from, to});
  if (pending_.size() == 1) wake_.notify_one();
  return true;
}

bool SyncThread::has_failed(std::uint32_t segment) const {
  const std::lock_guard lock(mutex_);
  return failed_.contains(segment);
}

bool SyncThread::is_pending(std::uint32_t segment) const {
  const std::lock_guard lock(mutex_);
  const auto is_it = [segment](const auto& entry) { return entry.segment == segment; };
  return std::any_of(pending_.begin(), pending_.end(), is_it) ||
         std::any_of(lost_.begin(), lost_.end(), is_it);
}

std::uint64_t SyncThread::synced() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t position = written_;
  if (!pending_.empty()) position = std::min(position, pending_.front().from);
  if (!lost_.empty()) position = std::min(position, lost_.front().from);
  return position;
}

std::optional<SyncThread::Lost> SyncThread::take_lost() {
  const std::lock_guard lock(mutex_);
  if (lost_.empty()) return std::nullopt;
  const Lost lost = lost_.front();
  lost_.pop_front();
  failed_.erase(lost.segment);
  return lost;
}

void SyncThread::sync_now() {
  std::unique_lock lock(mutex_);
  hurry_ = !pending_.empty();
  wake_.notify_one();
  idle_.wait(lock, [this] { return pending_.empty(); });
}

void SyncThread::run() {
  pthread_setname_np(pthread_self(), "store-sync");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
    wake_.wait_for(lock, interval_, [this] { return stopping_ || hurry_; });
    if (stopping_) return;
    hurry_ = false;
    sync_round(lock);
    if (pending_.empty()) idle_.notify_all();
  }
}

void SyncThread::sync_round(std::unique_lock<std::mutex>& lock) {
  const std::vector<Pending> round(pending_.begin(), pending_.end());
  lock.unlock();
  std::vector<int> errors;
  int directory_error = 0;
  if (std::any_of(round.begin(), round.end(), [](const Pending& entry) { return entry.is_new; }))
    directory_error = files_.sync_directory(directory_);
  for (const Pending& entry : round) {
    const int error = files_.fdatasync(entry.file->get());
    errors.push_back(error == 0 && entry.is_new ? directory_error : error);
  }
  lock.lock();
  for (std::size_t at = 0; at < round.size(); ++at) settle(round[at], errors[at]);
  lock.unlock();
  if (on_change_) on_change_();
  lock.lock();
}

// More may have been written to it meanwhile: it is lost too when the segment is.
void SyncThread::settle(const Pending& tried, int error) {
  const auto entry = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& other) { return other.segment == tried.segment; });
  if (error != 0) {
    failed_.insert(tried.segment);
    lost_.push_back({tried.segment, entry->from, entry->to, error});
    pending_.erase(entry);
    return;
  }
  entry->from = tried.to;
  entry->is_new = false;
  if (entry->from == entry->to) pending_.erase(entry);
}

}  // namespace ringpost::daemon
