#include "daemon/instance/overflow.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

using Returned = kafka::RecordOwner::Returned;
using BringBack = kafka::RecordOwner::BringBack;

}  // namespace

std::vector<StoredRecord> Overflow::stored(std::span<const Ticket> tickets, std::int32_t partition) const {
  std::vector<StoredRecord> run;
  run.reserve(tickets.size());
  for (const Ticket ticket : tickets) {
    run.push_back(records_.stored(ticket));
    run.back().partition = partition;
  }
  return run;
}

std::optional<Overflow::Ticket> Overflow::put_on_disk(std::span<const Ticket> tickets,
                                                      std::int32_t partition) {
  const std::int64_t now_ns = ipc::monotonic_ns();
  if (!may_spill(now_ns)) return std::nullopt;
  Spool& spool = *records_.spool();
  const std::vector<StoredRecord> run = stored(tickets, partition);
  const auto block = spool.put(run);
  if (!block) {
    trouble_.failed(errno, what_failed(errno), now_ns);
    return std::nullopt;
  }
  Pending pending{{tickets.begin(), tickets.end()}, 0, partition, true};
  for (const StoredRecord& record : run) pending.bytes += record.record.size();
  if (spool.position(*block) <= spool.log().synced()) {
    trouble_.succeeded("the spool");
    settle(*block, pending);
  } else {
    pending_bytes_ += pending.bytes;
    pending_.emplace(*block, std::move(pending));
  }
  return block;
}

std::string_view Overflow::what_failed(int error) const {
  const bool limit = error == ENOSPC && records_.spool()->log().full();
  return limit ? "the spool is as large as its limit (spool)" : "the spool can't be written";
}

// The block has the records now, and nobody else.
void Overflow::settle(Ticket block, const Pending& pending) {
  for (const Ticket ticket : pending.tickets) records_.finish(ticket, WaitingRecords::End::kOnDisk);
  records_.spool()->settle(block);
}

Returned Overflow::returned(Ticket ticket) const {
  const StoredRecord record = records_.stored(ticket);
  const bool from_disk = WaitingRecords::is_from_disk(ticket);
  const bool tried = record.attempts != 0 || (from_disk && records_.spool()->was_tried(ticket));
  const std::int64_t deadline_ns = topics_.deadline_ns(record.view.topic, record.stamp_ns);
  return {ticket, record.view.key, static_cast<std::uint32_t>(record.view.event_bytes()), deadline_ns, tried};
}

BringBack Overflow::bring_back(Ticket block, std::vector<Returned>& records) {
  Spool& spool = *records_.spool();
  if (const auto found = pending_.find(block); found != pending_.end()) {
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    pending_bytes_ -= pending.bytes;
    spool.withdraw(block);
    withdrawn_ = true;
    for (const Ticket ticket : pending.tickets) records.push_back(returned(ticket));
    return BringBack::kDone;
  }
  if (spool.bytes_in_memory() >= memory_max_bytes_) return BringBack::kLater;
  brought_.clear();
  if (!spool.bring_back(block, brought_)) {
    read_trouble_.failed(errno, "the spool can't be read", ipc::monotonic_ns());
    return BringBack::kLater;
  }
  read_trouble_.succeeded("the spool");
  for (const Ticket ticket : brought_) records.push_back(returned(ticket));
  return BringBack::kDone;
}

std::uint64_t Overflow::sequence(Ticket ticket) const {
  const bool block = WaitingRecords::is_from_disk(ticket) && Spool::is_block(ticket);
  return block ? records_.spool()->first_sequence(ticket) : records_.sequence(ticket);
}

void Overflow::step(std::int64_t now_ns) {
  if (records_.spool() == nullptr || (pending_.empty() && !withdrawn_)) return;
  take_back_lost();
  // What was withdrawn may be lost as well, and its segment can't go before that is known.
  withdrawn_ = withdrawn_ && records_.spool()->log().synced() < records_.spool()->log().appended();
  if (!trouble_.pauses(now_ns)) write_again(now_ns);
  const std::uint64_t synced = records_.spool()->log().synced();
  std::erase_if(pending_, [&](const auto& item) {
    if (!item.second.written || records_.spool()->position(item.first) > synced) return false;
    pending_bytes_ -= item.second.bytes;
    // Not sooner: a disk that takes writes and then fails to sync them would look well each time.
    trouble_.succeeded("the spool");
    settle(item.first, item.second);
    return true;
  });
}

void Overflow::not_needed() {
  if (problem().empty() || !pending_.empty() || records_.spool()->totals().waiting() != 0) return;
  trouble_.succeeded("the spool");
  read_trouble_.succeeded("the spool");
}

void Overflow::take_back_lost() {
  Spool& spool = *records_.spool();
  while (const auto lost = spool.log().take_lost()) {
    trouble_.failed(lost->error, "the spool could not be synced", ipc::monotonic_ns());
    for (auto& [block, pending] : pending_) {
      const std::uint64_t position = spool.position(block);
      if (position > lost->from && position <= lost->to) pending.written = false;
    }
  }
}

void Overflow::write_again(std::int64_t now_ns) {
  for (auto& [block, pending] : pending_) {
    if (pending.written) continue;
    if (!records_.spool()->put_again(block, stored(pending.tickets, pending.partition))) {
      trouble_.failed(errno, what_failed(errno), now_ns);
      return;
    }
    pending.written = true;
  }
}

bool Overflow::finish_now() {
  if (records_.spool() == nullptr || pending_.empty()) return true;
  records_.spool()->log().sync_now();
  take_back_lost();
  write_again(ipc::monotonic_ns());
  records_.spool()->log().sync_now();
  step(ipc::monotonic_ns());
  return pending_.empty();
}

}  // namespace ringpost::daemon
