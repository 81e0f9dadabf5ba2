// An owner of records whose disk is memory: blocks are lists of records, which come back with tickets of their own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/records.hpp"

namespace ringpost::kafka {

struct DiskRecord {
  std::uint64_t sequence = 0;
  std::optional<std::string> key;
  std::uint32_t size_bytes = 100;
  std::int64_t deadline_ns = 0;
  bool tried = false;
};

// A record's ticket is its sequence, with kFromDisk once it has come back. What is not known is made up: without a key.
class MemoryDisk : public RecordOwner {
 public:
  RecordView view(Ticket ticket, std::vector<Header>& /*headers*/) override {
    RecordView view;
    view.sequence = sequence(ticket);
    return view;
  }
  void handed(Ticket ticket, std::int32_t /*partition*/) override { of(ticket).tried = true; }
  void delivered(Ticket /*ticket*/, std::int32_t /*partition*/, std::int64_t /*offset*/) override {}
  void dead(Ticket /*ticket*/, const DeadNotice& /*notice*/) override {}
  void overdue(Ticket /*ticket*/) override {}
  void topic_facts(std::string_view /*topic*/, const TopicFacts& /*facts*/) override {}

  std::uint64_t sequence(Ticket ticket) override {
    const auto block = blocks.find(ticket);
    return block != blocks.end() ? block->second.front() : ticket & ~kFromDisk;
  }
  std::optional<Ticket> put_on_disk(std::span<const Ticket> tickets, std::int32_t partition) override {
    if (puts_until_full == 0) {
      return std::nullopt;
    }
    --puts_until_full;
    EXPECT_FALSE(tickets.empty());
    std::vector<std::uint64_t> sequences;
    for (const Ticket ticket : tickets) {
      sequences.push_back(ticket & ~kFromDisk);
    }
    partitions.push_back(partition);
    return put(std::move(sequences));
  }
  BringBack bring_back(Ticket block, std::vector<Returned>& returned) override {
    EXPECT_TRUE(returned.empty());
    if (reads_fail) {
      return BringBack::kLater;
    }
    const auto node = blocks.extract(block);
    EXPECT_FALSE(node.empty()) << "a block that is no more: " << block;
    for (const std::uint64_t sequence : node.empty() ? std::vector<std::uint64_t>{} : node.mapped()) {
      if (damaged.contains(sequence)) {
        continue;
      }
      const DiskRecord& record = of(sequence);
      returned.push_back({.ticket = sequence | kFromDisk,
                          .key = record.key ? std::optional<std::string_view>(*record.key) : std::nullopt,
                          .size_bytes = record.size_bytes,
                          .deadline_ns = record.deadline_ns,
                          .tried = record.tried});
    }
    return BringBack::kDone;
  }

  Ticket put(std::vector<std::uint64_t> sequences) {
    const Ticket ticket = kFromDisk | (std::uint64_t{1} << 62U) | next_block++;
    blocks.emplace(ticket, std::move(sequences));
    return ticket;
  }
  DiskRecord& of(Ticket ticket) {
    DiskRecord& record = records[ticket & ~kFromDisk];
    record.sequence = ticket & ~kFromDisk;
    return record;
  }

  std::map<std::uint64_t, DiskRecord> records;
  std::map<Ticket, std::vector<std::uint64_t>> blocks;
  std::map<std::uint64_t, bool> damaged;
  std::vector<std::int32_t> partitions;  // of each put_on_disk()
  std::uint64_t next_block = 1;
  std::uint64_t puts_until_full = UINT64_MAX;
  bool reads_fail = false;
};

}  // namespace ringpost::kafka
