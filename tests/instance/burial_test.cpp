// Letters of records whose time was over inside librdkafka, by every order of what may come then: the letter's writing, its
// sync, the acknowledgement, the end without one; and what a successor finds.
#include "daemon/instance/burial.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tests/instance/arena_image.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::daemon {
namespace {

class BurialTest : public testing::Test {
 protected:
  BurialTest() {
    const Tenant tenant = arena_.add_tenant("topic");
    for (std::uint64_t number = 1; number <= 2; ++number)
      tickets_.push_back(arena_.append({1, 8 * number, 1, 1}, tenant, test::zero_record("topic", 10)));
    arena_.commit();
    for (const Arena::Ticket ticket : tickets_) records_.set_handed(ticket, 0);
  }

  std::unique_ptr<DeadLetters> open() const {
    DeadLetters::Options options;
    options.log.directory = directory_.path();
    options.log.sync = Log::Sync::kInterval;
    options.log.sync_interval = std::chrono::hours(1);  // it is the test that says when: finish_now()
    std::vector<Problem> problems;
    return DeadLetters::open(real_files(), options, problems);
  }

  // As Delivery does it.
  void acknowledge(Arena::Ticket ticket) {
    burial_.acknowledged(ticket);
    records_.finish(ticket, WaitingRecords::End::kDelivered);
  }

  void expect_end(std::uint64_t delivered, std::uint64_t dead, std::uint64_t letters) {
    EXPECT_TRUE(burial_.idle());
    EXPECT_EQ(arena_.waiting(), 0U);
    EXPECT_EQ(arena_.delivered(), delivered);
    EXPECT_EQ(arena_.dead(), dead);
    EXPECT_EQ(letters_->kept(), letters);
    const std::unique_ptr<DeadLetters> successor = open();
    EXPECT_EQ(successor->kept(), letters);
    for (std::uint64_t sequence = 1; sequence <= 2; ++sequence)
      EXPECT_EQ(successor->has(arena_.id_bytes(), sequence), sequence == 2 && letters != 0) << sequence;
    // Not only counted as dead: its chunk would never be free.
    EXPECT_EQ(arena_.state_of(tickets_[0]), ipc::ArenaState::kDelivered);
    EXPECT_EQ(arena_.state_of(tickets_[1]), dead != 0 ? ipc::ArenaState::kDead : ipc::ArenaState::kDelivered);
  }

  tests::TemporaryDirectory directory_;
  Arena arena_{8u << 20, 64u << 10};
  std::unique_ptr<DeadLetters> letters_ = open();
  WaitingRecords records_{arena_, nullptr, letters_.get()};
  Burial burial_{"kafkaid", records_, letters_.get()};
  std::vector<Arena::Ticket> tickets_;
};

TEST_F(BurialTest, AcknowledgedBeforeItsLetterIsWritten) {
  burial_.overdue(tickets_[0]);
  acknowledge(tickets_[0]);
  acknowledge(tickets_[1]);
  burial_.step(0);
  EXPECT_TRUE(burial_.finish_now());
  expect_end(2, 0, 0);
}

TEST_F(BurialTest, AcknowledgedBeforeItsLetterIsSynced) {
  burial_.overdue(tickets_[0]);
  burial_.step(0);
  EXPECT_EQ(burial_.unwritten(), 0U);
  EXPECT_EQ(arena_.dead(), 0U) << "not before its letter is safe";
  acknowledge(tickets_[0]);
  acknowledge(tickets_[1]);
  EXPECT_TRUE(burial_.finish_now());
  expect_end(2, 0, 0);
}

TEST_F(BurialTest, AcknowledgedAfterAll) {
  burial_.overdue(tickets_[0]);
  EXPECT_TRUE(burial_.finish_now());
  EXPECT_EQ(arena_.dead(), 1U);
  EXPECT_EQ(letters_->kept(), 1U);
  acknowledge(tickets_[0]);
  acknowledge(tickets_[1]);
  expect_end(2, 0, 0);
}

TEST_F(BurialTest, GivenUpBeforeItsLetterIsWritten) {
  acknowledge(tickets_[0]);
  burial_.overdue(tickets_[1]);
  burial_.bury(tickets_[1], {});
  EXPECT_TRUE(burial_.finish_now());
  expect_end(1, 1, 1);
}

TEST_F(BurialTest, GivenUpBeforeItsLetterIsSynced) {
  acknowledge(tickets_[0]);
  burial_.overdue(tickets_[1]);
  burial_.step(0);
  burial_.bury(tickets_[1], {});
  EXPECT_EQ(arena_.dead(), 0U) << "not before its letter is safe";
  EXPECT_TRUE(burial_.finish_now());
  expect_end(1, 1, 1);
}

TEST_F(BurialTest, GivenUpAfterAll) {
  acknowledge(tickets_[0]);
  burial_.overdue(tickets_[1]);
  EXPECT_TRUE(burial_.finish_now());
  EXPECT_EQ(arena_.dead(), 1U);
  burial_.bury(tickets_[1], {});
  expect_end(1, 1, 1);
}

TEST_F(BurialTest, BuriedWithoutBeingOverdue) {
  acknowledge(tickets_[0]);
  burial_.bury(tickets_[1], {LetterReason::kRefusedByBroker, 10, "too large"});
  burial_.step(0);
  EXPECT_EQ(arena_.dead(), 0U) << "not before its letter is safe";
  EXPECT_TRUE(burial_.finish_now());
  expect_end(1, 1, 1);
  EXPECT_EQ(burial_.dead_by_reason().at("refused_by_broker"), 1U);
}

}  // namespace
}  // namespace ringpost::daemon
