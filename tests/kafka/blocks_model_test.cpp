// A topic against a model, at random: runs that are put on disk, partitions that stand still, counts that change,
// a disk that is full, unreadable or damaged, and crashes, after which a successor gets what is left in the order of
// first sequences. What must hold: a record enters a window only when every older one of its key that is alive is
// inside already, and nothing is lost.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kafka/murmur2.hpp"
#include "kafka/topic.hpp"
#include "memory_disk.hpp"
#include "tests/attack/amount.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::size_t kKeys = 24;
constexpr std::size_t kFree = 100'000;

// Knows in which block each record lies, so that a successor can be fed from it.
class ModelDisk : public MemoryDisk {
 public:
  std::optional<Ticket> put_on_disk(std::span<const Ticket> tickets, std::int32_t partition) override {
    const std::optional<Ticket> block = MemoryDisk::put_on_disk(tickets, partition);
    for (const Ticket ticket : tickets) {
      if (block) {
        home[ticket & ~kFromDisk] = *block;
      }
    }
    return block;
  }
  BringBack bring_back(Ticket block, std::vector<Returned>& returned) override {
    const std::vector<std::uint64_t> sequences = blocks[block];
    const BringBack result = MemoryDisk::bring_back(block, returned);
    for (const std::uint64_t sequence : sequences) {
      if (result == BringBack::kDone && damaged.contains(sequence)) {
        lost.push_back(sequence);
      }
    }
    return result;
  }

  std::map<std::uint64_t, Ticket> home;
  std::vector<std::uint64_t> lost;  // damaged: it has ended them
};

class Model {
 public:
  explicit Model(unsigned seed) : random_(seed) { start(); }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      step();
      turn();
      check();
    }
    disk_.puts_until_full = UINT64_MAX;
    disk_.reads_fail = false;
    stuck_.clear();
    known_count_ = std::max(known_count_, 1);
    for (int i = 0; i < 20'000 && !alive_.empty() && !::testing::Test::HasFailure(); ++i) {
      now_ns_ += 100'000'000;
      learn();
      turn();
      acknowledge(1000);
      check();
    }
    EXPECT_TRUE(alive_.empty()) << alive_.size() << " are left, the first is " << *alive_.begin();
  }

 private:
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  void start() {
    topic_ = std::make_unique<Topic>("orders");
    inside_.clear();
  }

  void step() {
    now_ns_ += static_cast<std::int64_t>(random_() % 1'500) * 1'000'000;
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
        for (std::uint64_t i = random_() % 60; i != 0; --i) {
          add();
        }
        break;
      case 3:
      case 4:
      case 5:
        spill();
        break;
      case 6:
        stuck_.insert(static_cast<std::int32_t>(random_() % 6));
        break;
      case 7:
        stuck_.erase(static_cast<std::int32_t>(random_() % 6));
        break;
      case 8:
        end_producer();
        break;
      case 9:
        if (chance(40)) {
          crash();
        }
        break;
      case 10:
        disk_.reads_fail = chance(30);
        break;
      case 11:
        disk_.puts_until_full = chance(30) ? random_() % 3 : UINT64_MAX;
        break;
      case 12:
        if (chance(30)) {
          known_count_ = static_cast<std::int32_t>(random_() % 6) + 1;
        }
        break;
      default:
        acknowledge(random_() % 50);
    }
    if (known_count_ != 0 && chance(80)) {
      learn();
    }
  }

  void add() {
    const std::uint64_t sequence = next_sequence_++;
    DiskRecord& record = disk_.of(sequence);
    if (!chance(15)) {
      record.key = "key" + std::to_string(random_() % kKeys);
    }
    record.size_bytes = chance(20) ? 150'000 : 200;
    if (chance(1)) {
      disk_.damaged[sequence] = true;
    }
    topic_->add(blocks_, entry_of(sequence));
    alive_.insert(sequence);
    if (record.key) {
      alive_of_[*record.key].insert(sequence);
    }
  }

  Entry entry_of(std::uint64_t sequence) {
    const DiskRecord& record = disk_.of(sequence);
    Entry entry;
    entry.ticket = sequence;
    entry.key_hash = record.key ? positive_murmur2(*record.key) : Entry::kNoKey;
    entry.size_bytes = record.size_bytes & Entry::kMaxSizeBytes;
    return entry;
  }

  void spill() {
    std::vector<std::pair<EntryQueue*, std::int32_t>> queues{{&topic_->unassigned, -1},
                                                             {&topic_->unkeyed, -1}};
    for (Partition& partition : topic_->partitions) {
      queues.emplace_back(&partition.queue(), partition.id());
      queues.emplace_back(&partition.leaving(), -1);
    }
    const auto& [queue, partition] = queues[random_() % queues.size()];
    const bool all = chance(50);
    Run run = find_run(*queue, 0, all);
    if (run.count != 0) {
      run.count = chance(50) ? run.count : 1 + random_() % run.count;
      blocks_.put_on_disk(*queue, run.first, run.count, partition);
    }
  }

  void learn() {
    const bool shrunk = known_count_ < topic_->facts.partition_count;
    topic_->facts.state = TopicFacts::State::kExists;
    topic_->facts.partition_count = known_count_;
    topic_->place_anew_due = topic_->place_anew_due || shrunk;
    if (topic_->place_anew_due) {
      end_producer();
      topic_->place_anew(blocks_, now_ns_);
    }
    topic_->place(blocks_, now_ns_);
  }

  // What hand_over() does.
  void turn() {
    topic_->inherits = false;
    for (Partition& partition : topic_->partitions) {
      partition.standstill().turn(!partition.idle(), now_ns_);
    }
    if (topic_->facts.partition_count == 0) {
      return;
    }
    topic_->place(blocks_, now_ns_);
    for (Partition& partition : topic_->partitions) {
      while (!partition.queue().empty() && feed(partition, partition.queue())) {
      }
    }
    while (!topic_->unkeyed.empty() &&
           feed(topic_->partitions[random_() % topic_->partitions.size()], topic_->unkeyed)) {
    }
  }

  bool feed(Partition& partition, EntryQueue& queue) {
    if (!partition.has_room(queue.front(), kFree, Topic::kNoCap)) {
      return false;
    }
    if (queue.front().block != 0) {
      const auto change = blocks_.bring_back(queue, 0);
      if (change) {
        topic_->note(*change);
      }
      return change.has_value();
    }
    const Entry entry = queue.take_front();
    check_order(entry.ticket & ~kFromDisk);
    partition.enter(entry, now_ns_);
    --topic_->queued;
    ++topic_->in_flight;
    return true;
  }

  void check_order(std::uint64_t sequence) {
    end_lost();
    if (const auto& key = disk_.of(sequence).key) {
      for (const std::uint64_t other : alive_of_[*key]) {
        if (other >= sequence) {
          break;
        }
        ASSERT_TRUE(inside_[*key].contains(other)) << sequence << " overtakes " << other << " of " << *key;
      }
      inside_[*key].insert(sequence);
    }
  }

  void acknowledge(std::size_t most) {
    for (Partition& partition : topic_->partitions) {
      std::uint64_t position = partition.next_position();
      while (partition.find(position - 1) != nullptr) {
        --position;
      }
      for (std::size_t i = 0; i < most && !stuck_.contains(partition.id()) && !partition.window_empty();
           ++i) {
        Entry& entry = *partition.find(position);
        const std::uint64_t sequence = entry.ticket & ~kFromDisk;
        partition.acknowledge(entry, position++, now_ns_);
        partition.finish(entry);
        --topic_->in_flight;
        end(sequence);
      }
    }
  }

  void end(std::uint64_t sequence) {
    EXPECT_EQ(alive_.erase(sequence), 1U);
    if (const auto& key = disk_.of(sequence).key) {
      inside_[*key].erase(sequence);
      alive_of_[*key].erase(sequence);
    }
  }

  void end_lost() {
    for (const std::uint64_t sequence : std::exchange(disk_.lost, {})) {
      end(sequence);
    }
  }

  void end_producer() {
    std::vector<Entry> overdue;
    for (Partition& partition : topic_->partitions) {
      const std::size_t returned = partition.return_window(overdue);
      topic_->in_flight -= returned;
      topic_->queued += returned;
    }
    inside_.clear();
  }

  // A successor knows what is alive and in which block each record of the disk lies; no more.
  void crash() {
    std::map<Ticket, std::vector<std::uint64_t>> found;
    for (const std::uint64_t sequence : alive_) {
      if (const auto block = disk_.home.find(sequence); block != disk_.home.end()) {
        found[block->second].push_back(sequence);
      }
    }
    disk_.blocks = found;
    start();
    for (const std::uint64_t sequence : alive_) {
      const auto block = disk_.home.find(sequence);
      if (block == disk_.home.end()) {
        topic_->add(blocks_, entry_of(sequence));
      } else if (found.at(block->second).front() == sequence) {
        Entry entry;
        entry.ticket = block->second;
        entry.key_hash = disk_.of(sequence).key ? 0 : Entry::kNoKey;
        entry.size_bytes = static_cast<std::uint32_t>(found[block->second].size()) & Entry::kMaxSizeBytes;
        entry.block = 1;
        topic_->add_block(entry);
      }
    }
  }

  void check() {
    end_lost();
    std::uint64_t queued = 0;
    const auto count = [&queued](const EntryQueue& queue) {
      for (std::size_t i = 0; i < queue.size(); ++i) {
        queued += queue.at(i).records();
      }
    };
    count(topic_->unassigned);
    count(topic_->unkeyed);
    for (const Partition& partition : topic_->partitions) {
      count(partition.queue());
      count(partition.leaving());
    }
    ASSERT_EQ(topic_->queued, queued);
    ASSERT_EQ(topic_->queued + topic_->in_flight, alive_.size());
  }

  std::mt19937 random_;
  ModelDisk disk_;
  Blocks blocks_{disk_};
  std::unique_ptr<Topic> topic_;
  std::set<std::uint64_t> alive_;
  std::map<std::string, std::set<std::uint64_t>> alive_of_;  // each key
  std::map<std::string, std::set<std::uint64_t>> inside_;
  std::set<std::int32_t> stuck_;
  std::uint64_t next_sequence_ = 1;
  std::int32_t known_count_ = 0;
  std::int64_t now_ns_ = 1'000'000'000;
};

TEST(BlocksModel, OrderHoldsWhateverHappens) {
  const unsigned seeds = tests::amount(700);  // a rule that was taken away showed at the 575th
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Model(seed).run(400);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace ringpost::kafka
