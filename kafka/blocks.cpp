#include "kafka/blocks.hpp"

#include <algorithm>

#include "kafka/outbox.hpp"

namespace ringpost::kafka {
Run find_run(const EntryQueue& queue, std::size_t from, bool all) {
  const auto may_go = [all](const Entry& entry) {
    return entry.block == 0 && !entry.from_disk() && entry.suspect == 0 && (all || entry.fixed == 0);
  };
  Run run{.first = from};
  while (run.first < queue.size() && !may_go(queue.at(run.first))) {
    ++run.first;
  }
  const std::size_t end = std::min(queue.size(), run.first + Outbox::kRunRecords);
  for (std::size_t i = run.first; i < end; ++i) {
    const Entry& entry = queue.at(i);
    const Entry& first = queue.at(run.first);
    const std::uint64_t bytes = run.bytes + entry.cost_bytes();
    if (run.count != 0 && (!may_go(entry) || entry.keyed() != first.keyed() || bytes > Outbox::kRunBytes ||
                           entry.fixed != 0 || first.fixed != 0)) {
      break;
    }
    run.bytes = bytes;
    ++run.count;
  }
  return run;
}

const std::vector<Entry>* Blocks::bring_back(const Entry& block) {
  returned_.clear();
  if (owner_.bring_back(block.ticket, returned_) == RecordOwner::BringBack::kLater) {
    return nullptr;
  }
  entries_.clear();
  for (const RecordOwner::Returned& record : returned_) {
    entries_.push_back(entry_of(record));
  }
  return &entries_;
}

std::optional<Blocks::Change> Blocks::bring_back(EntryQueue& queue, std::size_t index) {
  const Entry block = queue.at(index);
  const std::vector<Entry>* const entries = bring_back(block);
  if (entries == nullptr) {
    return std::nullopt;
  }
  Change change;
  change.had = block.records();
  change.given = static_cast<std::uint32_t>(entries->size());
  queue.replace(index, 1, *entries);
  return change;
}

void Blocks::put_back(EntryQueue& queue, std::int32_t partition) {
  std::size_t end = queue.size();
  while (end != 0) {
    if (!queue.at(end - 1).from_disk() || queue.at(end - 1).block != 0 || queue.at(end - 1).fixed != 0) {
      --end;
      continue;
    }
    std::size_t first = end;
    std::uint64_t bytes = 0;
    while (first != 0 && end - first < Outbox::kRunRecords && bytes < Outbox::kRunBytes) {
      const Entry& entry = queue.at(first - 1);
      if (!entry.from_disk() || entry.block != 0 || entry.suspect != 0 || entry.fixed != 0 ||
          entry.keyed() != queue.at(end - 1).keyed()) {
        break;
      }
      bytes += entry.cost_bytes();
      --first;
    }
    if (first == end || !put_on_disk(queue, first, end - first, partition)) {
      return;
    }
    end = first;
  }
}

bool Blocks::put_on_disk(EntryQueue& queue, std::size_t first, std::size_t count, std::int32_t partition) {
  tickets_.clear();
  Entry block;
  block.key_hash = queue.at(first).keyed() ? 0 : Entry::kNoKey;
  block.size_bytes = static_cast<std::uint32_t>(count) & Entry::kMaxSizeBytes;
  block.block = 1;
  for (std::size_t i = first; i < first + count; ++i) {
    tickets_.push_back(queue.at(i).ticket);
    block.deadline_ns = std::min(block.deadline_ns, queue.at(i).deadline_ns);
  }
  const std::optional<Ticket> ticket = owner_.put_on_disk(tickets_, partition);
  if (!ticket) {
    return false;
  }
  block.ticket = *ticket;
  queue.replace(first, count, {&block, 1});
  return true;
}

}  // namespace ringpost::kafka
