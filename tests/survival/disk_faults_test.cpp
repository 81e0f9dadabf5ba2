// A disk that is full, broken or read-only, from the start of an outage or in the middle of it: status says so, calls get
// BUFFER_FULL and nothing else, nothing accepted is lost, and it goes on by itself when the disk does.
#ifdef RINGPOST_DISK_FAULT

#include <gmock/gmock.h>

#include "tests/attack/shared_file.hpp"
#include "tests/survival/disk_fault.hpp"
#include "tests/survival/on_disk.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint64_t kFirst = 100;
constexpr std::uint64_t kMoreThanFits = 30'000;

class SickDisk : public OnDisk {
 protected:
  SickDisk() : OnDisk(true, kSmallSegments) {
    EXPECT_EQ(daemon_.stop(), 0);
    daemon_.environment()["LD_PRELOAD"] = RINGPOST_DISK_FAULT;
    daemon_.environment()["RINGPOST_TEST_DISK_FAULT"] = directory_.file("fault");
    daemon_.start();
    daemon_.wait_until_connected("kafkaid");
    publish(kFirst);
    daemon_.wait_until_delivered("kafkaid", kFirst);
  }

  void set(DiskFault fault) { word_->fault.store(fault, std::memory_order_relaxed); }  // read by each call

  // With some of it on disk, and memory full.
  void fall_ill_in_an_outage(DiskFault fault) {
    kafka_.pause();
    publish(kMoreThanFits);
    wait_until_on_disk(kMoreThanFits / 2);
    set(fault);
    publish_until_full();
    wait_until_ill();
  }
  void wait_until_ill() {
    EXPECT_TRUE(wait_until([&] { return has_problem(); })) << word_->calls_hurt << daemon_.log();
    EXPECT_GT(word_->calls_hurt, 0U);
  }
  void expect_end() {
    kafka_.resume();
    daemon_.wait_until_delivered("kafkaid", published_);
    expect_all_arrived(published_);
    expect_no_spool_files();
    EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
    EXPECT_FALSE(has_problem());
  }

  // Of 1 MiB, so that there are new ones all the while.
  static constexpr const char* kSmallSegments = "spool = \"64MiB\"\n";

  TemporaryDirectory directory_;
  const SharedFile<DiskFaultWord> word_{directory_.file("fault")};
};

class EachFault : public SickDisk, public testing::WithParamInterface<DiskFault> {};

std::string name_of_fault(const testing::TestParamInfo<DiskFault>& fault) {
  constexpr std::array<const char*, 7> kNames{"None",  "NoSpace",   "WriteError", "ReadOnly",
                                              "Short", "SyncError", "CreateError"};
  return kNames.at(static_cast<std::size_t>(fault.param));
}

INSTANTIATE_TEST_SUITE_P(All, EachFault,
                         testing::Values(DiskFault::kNoSpace, DiskFault::kWriteError, DiskFault::kReadOnly,
                                         DiskFault::kShort, DiskFault::kSyncError, DiskFault::kCreateError),
                         name_of_fault);

TEST_P(EachFault, FromTheStartOfAnOutage) {
  kafka_.pause();
  set(GetParam());
  publish_until_full();
  wait_until_ill();
  const std::uint64_t on_disk = daemon_.status("kafkaid").waiting_on_disk;
  EXPECT_EQ(on_disk, 0U);
  set(DiskFault::kNone);
  publish(kMoreThanFits);  // by itself
  wait_until_on_disk(1);
  wait_until_well();
  expect_end();
}

TEST_P(EachFault, InTheMiddleOfAnOutage) {
  fall_ill_in_an_outage(GetParam());
  // It delivers what it has meanwhile, what is on disk as well; and dies with it.
  daemon_.kill();
  daemon_.start();
  kafka_.resume();
  expect_all_arrived(published_);
  set(DiskFault::kNone);
  wait_until_well();
  expect_end();
}

// What was there and what memory held is delivered, nothing is to go to disk any more, and nothing is tried there: the daemon
// that had the trouble says by itself that it is over.
TEST_P(EachFault, InAnOutageThatEnds) {
  fall_ill_in_an_outage(GetParam());
  kafka_.resume();
  expect_all_arrived(published_);
  set(DiskFault::kNone);
  wait_until_well();
  expect_end();
}

// What is on disk stays there until it can be read, and what comes after it waits for its turn.
TEST_F(SickDisk, ThatCannotBeReadKeepsTheOrder) {
  kafka_.pause();
  publish(kMoreThanFits);
  wait_until_on_disk(kMoreThanFits / 2);
  set(DiskFault::kReadError);
  kafka_.resume();
  wait_until_ill();
  EXPECT_GT(daemon_.status("kafkaid").waiting_on_disk, 0U);
  set(DiskFault::kNone);
  expect_all_arrived(published_);
  wait_until_well();
  expect_end();
}

// Each turn brings a few blocks back. The one that can't be read now does not keep those before it from their letters: they
// are in memory then, and nobody would find them there.
TEST_F(SickDisk, WhatCannotBeReadNowKeepsNobodyFromItsLetter) {
  kafka_.pause();
  publish(kMoreThanFits);
  wait_until_on_disk(kMoreThanFits / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.configure(instance(kSmallSegments, R"("others")"), daemon_keys());
  set(DiskFault::
          kNoSpace);  // for the letters of the first few, so that the others are still there when reading begins to fail
  daemon_.start();
  wait_until_ill();
  const std::uint64_t calls_hurt = word_->calls_hurt;
  set(DiskFault::kThirdReadError);
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters == kMoreThanFits; }))
      << daemon_.status("kafkaid").dead_letters << daemon_.log();
  EXPECT_GT(word_->calls_hurt, calls_hurt);
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 0U);
  set(DiskFault::kNone);
  wait_until_well();
  expect_no_spool_files();
}

// What a dead daemon has left in the buffer stands among what it has put on disk, and the next one does not know the
// partitions, for there is no broker: little of it may be joined to runs. It makes room all the same.
TEST_F(SickDisk, AFullBufferThatWasLeftGetsRoomInTheSameOutage) {
  fall_ill_in_an_outage(DiskFault::kNoSpace);
  daemon_.kill();
  set(DiskFault::kNone);
  daemon_.start();
  publish(kMoreThanFits);
  EXPECT_TRUE(wait_until([&] {
    const InstanceStatus status = daemon_.status("kafkaid");
    return status.buffer_used_bytes <= status.buffer_bytes / 2;
  })) << daemon_.status("kafkaid").buffer_used_bytes;
  expect_end();
}

// Their letters can't be written: they wait, and count as waiting, until there is room.
class SickLetters : public EachFault {};

INSTANTIATE_TEST_SUITE_P(Some, SickLetters,
                         testing::Values(DiskFault::kNoSpace, DiskFault::kShort, DiskFault::kSyncError),
                         name_of_fault);

TEST_P(SickLetters, WaitForRoom) {
  kafka_.pause();
  publish(kMoreThanFits);
  wait_until_on_disk(kMoreThanFits / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.configure(instance(std::string(kSmallSegments) + "send_timeout = \"1s\"\n"), daemon_keys());
  set(GetParam());
  daemon_.start();
  wait_until_ill();
  const std::uint64_t calls_hurt = word_->calls_hurt;
  EXPECT_TRUE(wait_until([&] { return word_->calls_hurt > calls_hurt + 1; }));  // it has tried again
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
  EXPECT_EQ(daemon_.status("kafkaid").waiting, kMoreThanFits);
  set(DiskFault::kNone);
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters == kMoreThanFits; }))
      << daemon_.status("kafkaid").dead_letters << daemon_.log();
  wait_until_well();
  expect_no_spool_files();
}

}  // namespace
}  // namespace ringpost::tests

#endif
