// A lane that changes while it is read. Another process (the client's own: nothing else can write there) changes bytes
// of a lane all the time: in the messages only, or everywhere, its header and its tail too. What was validated must be
// what is produced: a record in the arena is byte for byte the copy that was checked, parses, is JSON exactly if the
// check said so, and follows the one before; and an honest lane beside it notices nothing.
//
// Another process, not a thread: the race is the client's intention, and the copying is the daemon's answer to it.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client-lib/json_check.hpp"
#include "daemon/instance/arena.hpp"
#include "daemon/instance/drain.hpp"
#include "lanes.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::string_view kTopic = "topic";
constexpr std::size_t kMessageBytes = 200;
constexpr std::size_t kRecordBytes =
    ipc::align_record(sizeof(ipc::RecordHeader) + kTopic.size() + kMessageBytes);
constexpr std::uint64_t kRecordsInFocus = 16;
constexpr std::uint64_t kHonestId = 1;
constexpr std::uint64_t kChangingId = 2;

enum class Changes { kMessages, kEverything };

// The hostile process: publishes as it should, and changes what it has published.
class ChangingClient {
 public:
  ChangingClient(const test::HonestLane& lane, const std::atomic<std::uint64_t>& released, Changes changes,
                 unsigned seed)
      : mapping_(
            ipc::map(lane.memory(), ipc::Access::kReadWrite, 0, ipc::lane_memory_bytes(test::kLaneBytes))),
        released_(released),
        changes_(changes),
        random_(seed) {}

  [[noreturn]] void run(test::HonestLane& lane) {
    const std::string message(kMessageBytes, '7');
    for (;;) {
      if (lane.publish(kTopic, message)) ++published_;
      for (int change = 0; change < 16; ++change) {
        if (changes_ == Changes::kMessages) {
          change_message();
        } else {
          change_anything();
        }
      }
    }
  }

 private:
  std::byte* memory() const { return static_cast<std::byte*>(mapping_.get_address()); }

  // Where the daemon reads now, or a little further on.
  std::uint64_t position_being_read() {
    return released_.load(std::memory_order_relaxed) + random_() % (kRecordsInFocus * kRecordBytes);
  }

  // Of a message, a character: a digit becomes a quotation mark, which is no JSON there, and back.
  void change_message() {
    const std::uint64_t record = position_being_read() / kRecordBytes * kRecordBytes;
    if (record >= published_ * kRecordBytes) return;
    const std::uint64_t at = record + sizeof(ipc::RecordHeader) + kTopic.size() + random_() % kMessageBytes;
    memory()[ipc::kLaneRingOffset + at % test::kLaneBytes] ^= std::byte{'7' ^ '"'};
  }

  // Most changes are taken back at once, so that the lane is not damaged for good before it was looked at.
  void change_anything() {
    const bool in_header = random_() % 64 == 0;
    const std::size_t at = in_header ? offsetof(ipc::LaneHeader, tail) + random_() % sizeof(std::uint64_t)
                                     : ipc::kLaneRingOffset + position_being_read() % test::kLaneBytes;
    volatile std::byte& victim = memory()[at];
    const std::byte mask{static_cast<unsigned char>(1u << (random_() % 8))};
    victim = victim ^ mask;
    if (random_() % 4096 != 0) victim = victim ^ mask;
  }

  ipc::Mapping mapping_;
  const std::atomic<std::uint64_t>& released_;  // on the board, stored by the daemon
  Changes changes_;
  std::minstd_rand random_;
  std::uint64_t published_ = 0;
};

class Child {
 public:
  Child(test::HonestLane& lane, const std::atomic<std::uint64_t>& released, Changes changes, unsigned seed)
      : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ChangingClient(lane, released, changes, seed).run(lane);
  }
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  pid_t pid_;
};

class ChangingMemory : public testing::TestWithParam<Changes> {
 protected:
  // Serves one changing lane until so many of its records have come or it is malformed.
  void serve_one(unsigned seed, std::uint64_t records_max) {
    auto client = test::make_client(kHonestId);
    test::HonestLane honest(client, kHonestId, 0);
    test::HonestLane changing(client, kChangingId, 1);
    Drain drain(DrainBudget{3000, 16'384});  // records are cut in two by most copies
    drain.feeds().push_back(honest.feed());
    drain.feeds().push_back(changing.feed());
    sequence_ = {};
    std::uint64_t honest_written = 0;
    honest_seen_ = 0;
    const Child child(changing, client->board.released(1), GetParam(), seed);
    while (sequence_[1] < records_max && !drain.feeds()[1]->malformed() && !HasFailure()) {
      if (honest.publish(kTopic, std::to_string(honest_written + 1))) ++honest_written;
      round(drain);
      std::this_thread::yield();  // on one core the other process needs it
    }
    while (!drain.feeds()[0]->empty() && !HasFailure()) round(drain);
    EXPECT_EQ(honest_seen_, honest_written);
    EXPECT_FALSE(drain.feeds()[0]->malformed()) << drain.feeds()[0]->why_malformed();
    if (GetParam() == Changes::kMessages) {
      EXPECT_FALSE(drain.feeds()[1]->malformed()) << drain.feeds()[1]->why_malformed();
    }
  }

  std::uint64_t changed_seen() const { return changed_seen_; }

 private:
  // A record as it was when it was checked, and its place in the arena.
  struct Checked {
    Arena::Ticket ticket;
    std::vector<std::byte> copy;
    bool is_json;
  };

  void round(Drain& drain) {
    drain.round([this](LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
      take(feed, stamp_ns, bytes);
      return !HasFailure();
    });
    arena_.commit();
    for (const auto& feed : drain.feeds())
      ipc::LaneReader::release(feed->client().board.released(feed->slot()), feed->position());
    // Only now: meanwhile their bytes in the lane have changed, and may be other records.
    for (const Checked& checked : checked_) expect_unchanged(checked);
    checked_.clear();
  }

  void take(const LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
    // First: what comes now takes long enough for the other process to be seen, if it could be.
    std::vector<std::byte> copy(bytes.begin(), bytes.end());
    ipc::RecordView view;
    ASSERT_EQ(ipc::parse_record(bytes, view), ipc::RecordError::kNone);
    EXPECT_EQ(view.header.sequence, ++sequence_[feed.slot()]);
    const bool is_json = !json::check_json(view.message, ipc::kJsonDepthMax);
    if (feed.lane_id() == kHonestId) {
      EXPECT_EQ(view.message, std::to_string(++honest_seen_));
      EXPECT_TRUE(is_json);
    } else if (!is_json) {
      ++changed_seen_;
    }
    const auto ticket =
        arena_.append({feed.lane_id(), feed.position_behind_front(), stamp_ns, 0}, tenant_, bytes);
    checked_.push_back({ticket, std::move(copy), is_json});
  }

  void expect_unchanged(const Checked& checked) {
    ipc::RecordView then;
    ASSERT_EQ(ipc::parse_record(checked.copy, then), ipc::RecordError::kNone);
    const ipc::RecordView now = arena_.record(checked.ticket);
    EXPECT_EQ(now.header.sequence, then.header.sequence);
    EXPECT_EQ(now.topic, then.topic);
    EXPECT_EQ(now.key, then.key);
    EXPECT_EQ(now.message, then.message);
    EXPECT_EQ(!json::check_json(now.message, ipc::kJsonDepthMax), checked.is_json);
    arena_.finish(checked.ticket, checked.is_json ? ipc::ArenaState::kDelivered : ipc::ArenaState::kDead);
  }

  Arena arena_{4u << 20, 64u << 10};
  const Tenant tenant_ = arena_.add_tenant("topic");
  std::vector<Checked> checked_;
  std::array<std::uint64_t, 2> sequence_{};  // by slot
  std::uint64_t honest_seen_ = 0;
  std::uint64_t changed_seen_ = 0;
};

TEST_P(ChangingMemory, WhatWasCheckedIsWhatIsProduced) {
  if (GetParam() == Changes::kMessages) {
    serve_one(1, 20'000);
    RecordProperty("changed_records", std::to_string(changed_seen()));
  } else {
    for (unsigned seed = 1; seed <= 40 && !HasFailure(); ++seed) serve_one(seed, 2'000);
  }
}

INSTANTIATE_TEST_SUITE_P(Of, ChangingMemory, testing::Values(Changes::kMessages, Changes::kEverything),
                         [](const auto& changes) {
                           return changes.param == Changes::kMessages ? "Messages" : "Everything";
                         });

}  // namespace
}  // namespace ringpost::daemon
