// The ring of a lane, from both ends, against a deque under the same random operations; and the writer's end after a
// thread died inside it.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "ipc/clock.hpp"
#include "ipc/lane_reader.hpp"
#include "ipc/lane_writer.hpp"
#include "ipc/record.hpp"

namespace ringpost::ipc {
namespace {

constexpr std::size_t kCapacity = kLaneMinBytes;

class Lane : public testing::Test {
 protected:
  static std::size_t record_bytes(std::size_t message_size) {
    return align_record(sizeof(RecordHeader) + 1 + message_size);
  }
  // False: no room.
  bool write(const std::string& message) { return write(writer_, message); }
  bool write(LaneWriter& writer, const std::string& message) {
    std::byte* const at = writer.reserve(record_bytes(message.size()), released_);
    if (at == nullptr) return false;
    RecordHeader header{};
    header.topic_size = 1;
    header.message_size = static_cast<std::uint32_t>(message.size());
    std::memcpy(at + sizeof header, "t", 1);
    std::memcpy(at + sizeof header + 1, message.data(), message.size());
    writer.commit(header);
    return true;
  }
  // What look() and copy_to() give, taken apart; the room stays taken.
  std::vector<std::string> read(std::size_t max_bytes = kCapacity) {
    EXPECT_TRUE(reader_.look());
    reader_.copy_to(copied_, max_bytes);
    std::vector<std::string> messages;
    RecordView view;
    while (parse_record(copied_, view) == RecordError::kNone) {
      EXPECT_EQ(view.header.sequence, ++sequence_);
      EXPECT_GE(view.header.stamp_ns, stamp_ns_);
      stamp_ns_ = view.header.stamp_ns;
      messages.emplace_back(view.message);
      copied_.erase(copied_.begin(), copied_.begin() + view.header.size);
    }
    return messages;
  }
  void release() { LaneReader::release(released_, reader_.copied()); }

  Descriptor memory_ = create_lane(4711, kCapacity);
  LaneWriter writer_{memory_};
  LaneReader reader_{memory_, kCapacity};
  std::atomic<std::uint64_t> released_{0};
  std::vector<std::byte> copied_;
  std::uint64_t sequence_ = 0;
  std::int64_t stamp_ns_ = 0;
};

TEST_F(Lane, is_what_the_daemon_made) {
  EXPECT_EQ(writer_.lane_id(), 4711u);
  EXPECT_EQ(writer_.capacity_bytes(), kCapacity);
  EXPECT_EQ(writer_.room_bytes(released_), kCapacity);
  writer_.prefault();
  EXPECT_EQ(writer_.lane_id(), 4711u);
  EXPECT_TRUE(read().empty());
}

TEST_F(Lane, behaves_like_a_queue_under_random_operations) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  std::deque<std::string> model;  // written, not read
  std::uint64_t in_ring_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t released_bytes = 0;
  for (int step = 0; step < 50'000; ++step) {
    switch (random() % 4) {
      case 0:
      case 1: {
        const std::size_t size = random() % 16 == 0 ? random() % kCapacity : random() % 600;
        const std::string message(size, static_cast<char>('a' + random() % 26));
        const bool fits = in_ring_bytes + record_bytes(size) <= kCapacity;
        ASSERT_EQ(write(message), fits);
        if (fits) {
          model.push_back(message);
          in_ring_bytes += record_bytes(size);
          written_bytes += record_bytes(size);
        }
        break;
      }
      case 2:
        // Also in pieces that end inside a record.
        for (const std::string& message : read(random() % 2 == 0 ? kCapacity : random() % 3'000)) {
          ASSERT_FALSE(model.empty());
          ASSERT_EQ(message, model.front());
          model.pop_front();
        }
        break;
      default:
        release();
        in_ring_bytes = written_bytes - reader_.copied();
        released_bytes = reader_.copied();
        break;
    }
    ASSERT_EQ(writer_.room_bytes(released_), kCapacity - (written_bytes - released_bytes));
  }
  for (const std::string& message : read()) {
    ASSERT_EQ(message, model.front());
    model.pop_front();
  }
  EXPECT_TRUE(model.empty());
}

TEST_F(Lane, a_writer_and_a_reader_at_the_same_time) {
  constexpr int kMessages = 100'000;
  std::thread writing([&] {
    for (int number = 0; number < kMessages; ++number) {
      const std::string message =
          std::to_string(number) + std::string(static_cast<std::size_t>(number % 97), 'x');
      while (!write(message)) std::this_thread::yield();
    }
  });
  int expected = 0;
  while (expected < kMessages) {
    for (const std::string& message : read()) {
      ASSERT_EQ(message,
                std::to_string(expected) + std::string(static_cast<std::size_t>(expected % 97), 'x'));
      ++expected;
    }
    release();
  }
  writing.join();
}

TEST_F(Lane, the_largest_record_fits_when_everything_before_it_was_read) {
  const std::string largest(kCapacity - sizeof(RecordHeader) - 1, 'x');
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(write("small"));
    ASSERT_FALSE(write(largest));
    ASSERT_EQ(read().size(), 1u);
    release();
    ASSERT_TRUE(write(largest));
    ASSERT_EQ(read().at(0), largest);
    release();
  }
}

TEST_F(Lane, padding_is_zero_whatever_lay_there) {
  const std::string dirt(kCapacity - sizeof(RecordHeader) - 1, '\xEE');
  ASSERT_TRUE(write(dirt));
  read();
  release();
  for (std::size_t size = 0; size < 16; ++size) {
    ASSERT_TRUE(write(std::string(size, 'x')));
    ASSERT_TRUE(reader_.look());
    std::vector<std::byte> bytes;
    reader_.copy_to(bytes, kCapacity);
    for (std::size_t at = sizeof(RecordHeader) + 1 + size; at < bytes.size(); ++at) {
      EXPECT_EQ(bytes[at], std::byte{0}) << size;
    }
  }
}

TEST_F(Lane, an_unpublished_record_does_not_exist) {
  ASSERT_NE(writer_.reserve(1000, released_), nullptr);
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(writer_.room_bytes(released_), kCapacity);
  ASSERT_TRUE(write("1"));
  EXPECT_EQ(read(), std::vector<std::string>{"1"});
}

TEST_F(Lane, goes_on_after_a_writer_that_died_before_its_tails_store) {
  ASSERT_TRUE(write("before"));
  std::memset(writer_.reserve(100, released_), 0xEE, 100);
  writer_.recover();
  ASSERT_TRUE(write("after"));
  EXPECT_EQ(read(), (std::vector<std::string>{"before", "after"}));
}

TEST_F(Lane, goes_on_after_a_writer_that_died_right_behind_its_tails_store) {
  // The same lane through a writer that is one record behind what the tail says.
  LaneWriter behind(memory_);
  ASSERT_TRUE(write("before"));
  behind.recover();
  ASSERT_TRUE(write(behind, "after"));
  EXPECT_EQ(read(), (std::vector<std::string>{"before", "after"}));  // read() checks the sequence
}

TEST_F(Lane, a_released_position_that_can_not_be_is_not_believed) {
  ASSERT_TRUE(write("1"));
  released_ = 1u << 30;
  EXPECT_EQ(writer_.reserve(kCapacity, released_), nullptr);
}

TEST_F(Lane, tails_that_no_writer_has_are_malformed) {
  // The client's header page, as a hostile client has it.
  const Mapping page = map(memory_, Access::kReadWrite, 0, kPageBytes);
  auto& tail = static_cast<LaneHeader*>(page.get_address())->tail;
  ASSERT_TRUE(write("1"));
  ASSERT_TRUE(reader_.look());
  const std::uint64_t good = tail;
  for (const std::uint64_t bad :
       {good + 4, good - 8, std::uint64_t{0}, good + kCapacity, ~std::uint64_t{0}}) {
    tail = bad;
    EXPECT_FALSE(reader_.look()) << bad;
  }
  tail = good;
  EXPECT_TRUE(reader_.look());
  EXPECT_EQ(read(), std::vector<std::string>{"1"});
}

TEST_F(Lane, refusals_are_counted_by_code) {
  writer_.count_refusals(8, 1);
  writer_.count_refusals(8, 2);
  writer_.count_refusals(2, 1);
  EXPECT_EQ(reader_.refused_untrusted()[8], 3u);
  EXPECT_EQ(reader_.refused_untrusted()[2], 1u);
  EXPECT_EQ(reader_.refused_untrusted()[0], 0u);
}

TEST_F(Lane, its_size_is_sealed) {
  EXPECT_NE(::ftruncate(memory_.get(), 0), 0);
  EXPECT_NE(::ftruncate(memory_.get(), 1 << 30), 0);
}

TEST_F(Lane, is_not_inherited_by_a_child_that_is_told_so) {
  writer_.hide_from_children();
  std::byte* const ring = writer_.reserve(8, released_);
  const pid_t child = ::fork();
  if (child == 0) {
    // mincore fails with ENOMEM where nothing is mapped.
    unsigned char resident = 0;
    auto* const page = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(ring) & ~(kPageBytes - 1));
    ::_exit(::mincore(page, kPageBytes, &resident) != 0 && errno == ENOMEM ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(LaneLayout, another_version_is_refused) {
  const Descriptor memory = create_lane(1, kCapacity);
  const Mapping page = map(memory, Access::kReadWrite, 0, kPageBytes);
  auto* const header = static_cast<LaneHeader*>(page.get_address());
  header->version = kLaneVersion + 1;
  EXPECT_THROW(LaneWriter{memory}, std::runtime_error);
  header->version = kLaneVersion;
  header->capacity_bytes = kCapacity + 1;
  EXPECT_THROW(LaneWriter{memory}, std::runtime_error);
  header->capacity_bytes = 2 * kCapacity;  // more than there is: SIGBUS, if it were believed
  EXPECT_THROW(LaneWriter{memory}, std::runtime_error);
}

TEST(LaneLayout, capacities) {
  EXPECT_TRUE(is_lane_capacity(kLaneMinBytes));
  EXPECT_TRUE(is_lane_capacity(kLaneMaxBytes));
  EXPECT_FALSE(is_lane_capacity(kLaneMinBytes / 2));
  EXPECT_FALSE(is_lane_capacity(kLaneMaxBytes * 2));
  EXPECT_FALSE(is_lane_capacity(kLaneMinBytes + kPageBytes));
}

TEST(Clock, is_fine_and_never_runs_backwards) {
  EXPECT_TRUE(monotonic_clock_is_fine());
  std::int64_t last = monotonic_ns();
  for (int reading = 0; reading < 100'000; ++reading) {
    const std::int64_t now = monotonic_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace ringpost::ipc
