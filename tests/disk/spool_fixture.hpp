// A spool in a folder of its own, opened again as after a crash, with a disk that can be told to fail.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "daemon/disk/spool.hpp"
#include "tests/disk/stored_events.hpp"
#include "tests/store/faulty_files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {

class SpoolTest : public testing::Test {
 protected:
  using Blocks = std::vector<std::pair<std::uint64_t, std::uint32_t>>;  // first sequence, records

  SpoolTest() { open(); }

  // As after a crash: nothing of the former one is left but its files.
  void open(const ArenaId& arena = kThisArena, std::set<std::uint64_t> with_letters = {}) {
    spool_.reset();
    found_.clear();
    daemon::Spool::Options options;
    options.log.directory = directory_.path();
    options.log.sync = sync_;
    options.log.segment_bytes = segment_bytes_;
    options.log.limit_bytes = limit_bytes_;
    options.arena_id = arena;
    daemon::Spool::Recovery recovery;
    recovery.freed_segment = freed_segment_;
    recovery.has_letter = [with_letters](const daemon::StoredRecord& record) {
      return with_letters.contains(record.sequence);
    };
    recovery.was_delivered = [this](const daemon::StoredRecord& record) {
      return delivered_.contains(record.sequence);
    };
    waits_.clear();
    recovery.waits = [this](const daemon::StoredRecord& record) { waits_.push_back(record.sequence); };
    recovery.found = [this](std::uint64_t sequence) { found_.push_back(sequence); };
    problems_.clear();
    spool_ = daemon::Spool::open(files_, options, recovery, problems_);
    ASSERT_TRUE(spool_);
  }

  daemon::Spool::Ticket put(std::span<const daemon::StoredRecord> run) {
    const auto block = spool_->put(run);
    EXPECT_TRUE(block) << std::strerror(errno);
    spool_->settle(*block);
    return *block;
  }

  std::vector<daemon::Spool::Ticket> bring_back(daemon::Spool::Ticket block) {
    std::vector<daemon::Spool::Ticket> records;
    EXPECT_TRUE(spool_->bring_back(block, records)) << std::strerror(errno);
    return records;
  }

  // The sequences that come back of all that is left, in the order of the blocks' first.
  std::vector<std::uint64_t> left() {
    blocks_before_ = this->blocks();
    std::vector<daemon::Spool::Left> blocks = spool_->left();
    std::sort(blocks.begin(), blocks.end(),
              [](const auto& a, const auto& b) { return a.first_sequence < b.first_sequence; });
    std::vector<std::uint64_t> sequences;
    for (const daemon::Spool::Left& block : blocks) {
      for (const daemon::Spool::Ticket record : bring_back(block.block))
        sequences.push_back(spool_->record(record).sequence);
    }
    return sequences;
  }

  Blocks blocks() {
    Blocks blocks;
    for (const daemon::Spool::Left& block : spool_->left())
      blocks.emplace_back(block.first_sequence, block.records);
    std::sort(blocks.begin(), blocks.end());
    return blocks;
  }

  // Of records that are in memory, to be put on disk again.
  std::vector<daemon::StoredRecord> copies(const std::vector<daemon::Spool::Ticket>& records,
                                           std::size_t from, std::size_t to) {
    std::vector<daemon::StoredRecord> run;
    for (std::size_t index = from; index < to; ++index) {
      run.push_back(spool_->record(records[index]));
      run.back().moved_from = pack(spool_->place(records[index]));
    }
    return run;
  }

  std::vector<std::filesystem::path> log_files() const {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
      if (file.path().extension() == ".log") files.push_back(file.path());
    }
    return files;
  }

  void step() {
    spool_->step([this](std::uint32_t segment, const daemon::TopicsOnDisk& topics) {
      ++freed_segments_;
      freed_segment_ = segment;
      for (const auto& [topic, counts] : topics) freed_[topic] += counts;
    });
  }

  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory_.path()), {}));
  }

  TemporaryDirectory directory_;
  daemon::Log::Sync sync_ = daemon::Log::Sync::kNever;
  std::uint64_t segment_bytes_ = 1u << 20;
  std::uint64_t limit_bytes_ = 0;
  std::uint32_t freed_segment_ = 0;
  std::uint32_t freed_segments_ = 0;
  daemon::TopicsOnDisk freed_;
  StoredEvents events_;
  std::vector<daemon::Problem> problems_;
  std::set<std::uint64_t> delivered_;  // by a letter's word
  std::vector<std::uint64_t> found_;
  std::vector<std::uint64_t> waits_;
  Blocks blocks_before_;  // what left() has brought back
  FaultyFiles files_;
  std::unique_ptr<daemon::Spool> spool_;
};

inline std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t number = first; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

}  // namespace ringpost::tests
