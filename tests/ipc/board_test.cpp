// Boards, seals and the doorbell.
#include "ipc/board.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "ipc/doorbell.hpp"

namespace ringpost::ipc {
namespace {

TEST(ClientBoard, what_the_daemon_writes_the_client_sees) {
  ClientBoardWriter writer(77);
  const ClientBoardReader reader(writer.memory());
  EXPECT_EQ(reader.board().client_id, 77u);
  EXPECT_EQ(reader.board().standing, static_cast<std::uint32_t>(Standing::kServed));
  writer.set_standing(Standing::kCutOff);
  EXPECT_EQ(reader.board().standing, static_cast<std::uint32_t>(Standing::kCutOff));
  writer.released(kBoardSlotsMax - 1) = 4096;
  EXPECT_EQ(reader.board().slots[kBoardSlotsMax - 1].released, 4096u);
}

// A client that gets the descriptor can't write the board, whatever it tries.
TEST(Boards, can_not_be_written_through_the_descriptor) {
  const ClientBoardWriter client_board(1);
  const InstanceBoardWriter instance_board("kafkaid");
  for (const Descriptor* memory : {&client_board.memory(), &instance_board.memory()}) {
    EXPECT_EQ(::mmap(nullptr, kPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0), MAP_FAILED);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::pwrite(memory->get(), "x", 1, 0), -1);
    EXPECT_EQ(::ftruncate(memory->get(), 0), -1);
    void* const readable = ::mmap(nullptr, kPageBytes, PROT_READ, MAP_SHARED, memory->get(), 0);
    ASSERT_NE(readable, MAP_FAILED);
    EXPECT_EQ(::mprotect(readable, kPageBytes, PROT_READ | PROT_WRITE), -1);
    ::munmap(readable, kPageBytes);
  }
}

TEST(Boards, of_another_layout_are_refused) {
  const Descriptor memory = create_memory("test", sizeof(InstanceBoard));
  EXPECT_THROW(InstanceBoardReader{memory}, std::runtime_error);
  EXPECT_THROW(ClientBoardReader{memory}, std::runtime_error);
  const ClientBoardWriter other(1);
  EXPECT_THROW(InstanceBoardReader{other.memory()}, std::exception);
}

// To read what is not there would end the process (SIGBUS).
TEST(Boards, smaller_than_their_layout_are_refused) {
  const ClientBoardWriter whole(1);
  const Descriptor part = create_memory("test", kPageBytes);
  const Mapping to = map(part, Access::kReadWrite, 0, kPageBytes);
  std::memcpy(to.get_address(), map(whole.memory(), Access::kReadOnly, 0, kPageBytes).get_address(),
              kPageBytes);
  EXPECT_THROW(ClientBoardReader{part}, std::runtime_error);
}

TEST(Topics, names_prefixes_and_any) {
  InstanceBoardWriter writer("kafkaid");
  const InstanceBoardReader reader(writer.memory());
  EXPECT_FALSE(look_up_topic(reader.board(), "orders").allowed);
  EXPECT_TRUE(writer.add_topic(TopicKind::kPrefix, "crm."));
  EXPECT_TRUE(writer.add_topic(TopicKind::kName, "orders"));
  EXPECT_TRUE(writer.add_topic(TopicKind::kName, "orders"));  // again: nothing happens
  EXPECT_EQ(reader.board().topic_count, 2u);
  EXPECT_FALSE(writer.add_topic(TopicKind::kPrefix, "late."));
  EXPECT_FALSE(writer.add_topic(TopicKind::kName, std::string(kTopicNameMaxBytes + 1, 't')));

  EXPECT_NE(look_up_topic(reader.board(), "orders").entry, nullptr);
  const TopicLookup by_prefix = look_up_topic(reader.board(), "crm.created");
  EXPECT_TRUE(by_prefix.allowed);
  EXPECT_EQ(by_prefix.entry, nullptr);
  EXPECT_TRUE(look_up_topic(reader.board(), "crm.").allowed);
  EXPECT_FALSE(look_up_topic(reader.board(), "crm").allowed);
  EXPECT_FALSE(look_up_topic(reader.board(), "order").allowed);
  EXPECT_FALSE(look_up_topic(reader.board(), "orders2").allowed);

  // A topic that a prefix allowed becomes known.
  EXPECT_TRUE(writer.add_topic(TopicKind::kName, "crm.created"));
  ASSERT_NE(look_up_topic(reader.board(), "crm.created").entry, nullptr);
  writer.find("crm.created")->flags = kTopicCompacted;
  EXPECT_EQ(look_up_topic(reader.board(), "crm.created").entry->flags, kTopicCompacted);

  writer.board().any_topic = 1;
  EXPECT_TRUE(look_up_topic(reader.board(), "whatever").allowed);
}

TEST(Topics, as_many_as_there_is_room_for_are_found_while_they_are_added) {
  InstanceBoardWriter writer("kafkaid");
  const InstanceBoardReader reader(writer.memory());
  std::atomic<std::uint32_t> added{0};
  const auto name = [](std::uint32_t number) { return "topic." + std::to_string(number); };
  std::thread looking([&] {
    for (std::uint32_t known = 0; known < kTopicsPerInstanceMax;
         known = added.load(std::memory_order_acquire)) {
      for (std::uint32_t number = 0; number < known; ++number) {
        const TopicLookup found = look_up_topic(reader.board(), name(number));
        ASSERT_NE(found.entry, nullptr) << number;
      }
    }
  });
  for (std::uint32_t number = 0; number < kTopicsPerInstanceMax; ++number) {
    ASSERT_TRUE(writer.add_topic(TopicKind::kName, name(number)));
    added.store(number + 1, std::memory_order_release);
  }
  looking.join();
  EXPECT_FALSE(writer.add_topic(TopicKind::kName, "one.too.many"));
  EXPECT_FALSE(look_up_topic(reader.board(), "one.too.many").allowed);
}

TEST(Doorbell, rings_and_is_harmless_when_it_is_full) {
  ASSERT_TRUE(barriers_available());
  ASSERT_TRUE(register_for_barriers());
  const Descriptor doorbell = create_doorbell();
  ring(doorbell);
  ring(doorbell);
  std::uint64_t rings = 0;
  EXPECT_EQ(::read(doorbell.get(), &rings, sizeof rings), static_cast<ssize_t>(sizeof rings));
  EXPECT_EQ(rings, 2u);
  const std::uint64_t full = ~std::uint64_t{0} - 1;
  ASSERT_EQ(::write(doorbell.get(), &full, sizeof full), static_cast<ssize_t>(sizeof full));
  ring(doorbell);  // does not wait
  EXPECT_EQ(::read(doorbell.get(), &rings, sizeof rings), static_cast<ssize_t>(sizeof rings));
  EXPECT_EQ(rings, full);
}

// The arming's promise: either the publisher sees the number, or the drainer sees what was published.
TEST(Doorbell, no_wake_up_is_lost) {
  ASSERT_TRUE(register_for_barriers());
  std::atomic<std::uint32_t> armed{0};
  std::atomic<std::uint32_t> tail{0};
  std::atomic<std::uint32_t> saw{0};
  std::atomic<std::uint32_t> round{0};
  std::atomic<std::uint32_t> done{0};
  constexpr std::uint32_t kRounds = 3'000;
  // Close together where there are two processors, and getting on where there is one.
  const auto wait_for = [](const std::atomic<std::uint32_t>& word, std::uint32_t number) {
    for (int spins = 0; word.load(std::memory_order_acquire) != number; ++spins) {
      if (spins > 2'000) std::this_thread::yield();
    }
  };
  std::thread publisher([&] {
    for (std::uint32_t number = 1; number <= kRounds; ++number) {
      wait_for(round, number);
      tail.store(number, std::memory_order_release);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      saw.store(armed.load(std::memory_order_relaxed), std::memory_order_relaxed);
      done.store(number, std::memory_order_release);
    }
  });
  std::uint32_t lost = 0;
  for (std::uint32_t number = 1; number <= kRounds; ++number) {
    round.store(number, std::memory_order_release);
    arm(armed, number);
    const bool drainer_saw = tail.load(std::memory_order_acquire) == number;
    wait_for(done, number);
    if (!drainer_saw && saw.load(std::memory_order_relaxed) != number) ++lost;
    disarm(armed);
  }
  publisher.join();
  EXPECT_EQ(lost, 0u);
}

}  // namespace
}  // namespace ringpost::ipc
