// What the arena counts by topic: records that ended, here or on disk, and what of it a successor finds after a death
// between any two stores.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "daemon/instance/arena.hpp"
#include "tests/instance/arena_image.hpp"

namespace ringpost::daemon {
namespace {

using ipc::ArenaState;
using test::ArenaImage;
using test::zero_record;

constexpr std::size_t kTwoChunks = 2u << 20;
constexpr std::size_t kHalfAChunk = 500u << 10;  // two of them fill one

TopicTotals named(const std::vector<TopicTotals>& topics, std::string_view name) {
  for (const TopicTotals& topic : topics) {
    if (topic.name == name) return topic;
  }
  ADD_FAILURE() << "no topic " << name;
  return {};
}

void expect_counts(const Arena& arena, std::uint64_t delivered, std::uint64_t dead, std::uint64_t spooled,
                   std::uint64_t waiting) {
  EXPECT_EQ(arena.delivered(), delivered);
  EXPECT_EQ(arena.dead(), dead);
  EXPECT_EQ(arena.spooled(), spooled);
  EXPECT_EQ(arena.waiting(), waiting);
  EXPECT_EQ(arena.accepted(), delivered + dead + spooled + waiting);
  const Arena::Audit audit = arena.audit();
  EXPECT_EQ(audit.delivered, delivered);
  EXPECT_EQ(audit.dead, dead);
  EXPECT_EQ(audit.spooled, spooled);
  EXPECT_EQ(audit.waiting, waiting);
  EXPECT_EQ(audit.accepted, arena.accepted());
}

Arena successor_of(const Arena& arena) { return Arena(arena.memory().duplicate()); }

class ArenaBooks : public testing::Test {
 protected:
  Arena::Ticket append(Tenant tenant, std::size_t message_bytes = 8) {
    return arena_.append({7, 8, 1'000, 1}, tenant, zero_record("topic", message_bytes));
  }
  // A chunk's worth of records, which end so: its totals move from the records to the book.
  void fill_and_free(Tenant tenant, ArenaState first, ArenaState second) {
    const auto one = append(tenant, kHalfAChunk), two = append(tenant, kHalfAChunk);
    arena_.commit();
    arena_.finish(one, first);
    arena_.finish(two, second);
    // Closes the chunk.
    const auto next = append(tenant, kHalfAChunk);
    arena_.commit();
    arena_.finish(next, ArenaState::kDelivered);
  }

  Arena arena_{kTwoChunks, kHalfAChunk};
  const ArenaImage image_{arena_.memory()};
  const Tenant orders_ = arena_.add_tenant("orders");
  const Tenant payments_ = arena_.add_tenant("payments");
};

TEST_F(ArenaBooks, EachTopicHasItsOwn) {
  const Tenant unlisted = arena_.add_tenant("");
  const Tenant orders_again = arena_.add_tenant("orders");
  arena_.finish(append(orders_), ArenaState::kDelivered);
  arena_.finish(append(orders_again), ArenaState::kDead);
  arena_.finish(append(payments_), ArenaState::kSpooled);
  append(payments_);
  append(unlisted);
  arena_.commit();
  const auto topics = arena_.totals();
  ASSERT_EQ(topics.size(), 3U);
  EXPECT_EQ(topics[0], (TopicTotals{{1, 0, 0, 0, 0, 0, 0}, ""}));
  EXPECT_EQ(topics[1], (TopicTotals{{0, 1, 1, 0, 0, 0, 0}, "orders"}));
  EXPECT_EQ(topics[2], (TopicTotals{{1, 0, 0, 1, 0, 0, 0}, "payments"}));
  EXPECT_EQ(arena_.audit().topics, topics);
  expect_counts(arena_, 1, 1, 1, 2);
}

TEST_F(ArenaBooks, WhatFindsTheTableFullIsCountedWithoutAName) {
  for (std::uint32_t book = 3; book < ipc::kBooksMax; ++book)
    arena_.add_tenant("topic-" + std::to_string(book));
  arena_.finish(append(arena_.add_tenant("one more")), ArenaState::kDelivered);
  arena_.finish(append(arena_.add_tenant("topic-1023")), ArenaState::kDead);
  arena_.finish(append(arena_.add_tenant(std::string(250, 'x'))), ArenaState::kDead);
  arena_.commit();
  for (const auto& topics : {arena_.totals(), arena_.audit().topics, successor_of(arena_).totals()}) {
    ASSERT_EQ(topics.size(), ipc::kBooksMax);
    EXPECT_EQ(topics[0], (TopicTotals{{0, 1, 1, 0, 0, 0, 0}, ""}));
    EXPECT_EQ(topics[1023], (TopicTotals{{0, 0, 1, 0, 0, 0, 0}, "topic-1023"}));
  }
  Arena successor = successor_of(arena_);
  successor.add_tenant("another one");
  EXPECT_EQ(successor.totals().size(), ipc::kBooksMax);
}

TEST_F(ArenaBooks, ALongNameFits) {
  const std::string name(ipc::kTopicNameMaxBytes, 'n');
  arena_.finish(append(arena_.add_tenant(name)), ArenaState::kDelivered);
  arena_.commit();
  EXPECT_EQ(named(successor_of(arena_).totals(), name).delivered, 1U);
}

TEST_F(ArenaBooks, OverdueThenDelivered) {
  const auto ticket = append(orders_);
  arena_.commit();
  arena_.set_handed(ticket, 3);
  EXPECT_EQ(arena_.oldest_stamp_ns(), 1'000);
  arena_.set_overdue(ticket);
  EXPECT_EQ(arena_.state_of(ticket), ArenaState::kOverdue);
  EXPECT_FALSE(arena_.is_handed(ticket));
  expect_counts(arena_, 0, 1, 0, 0);
  EXPECT_EQ(arena_.audit().topics, arena_.totals());
  EXPECT_EQ(arena_.oldest_stamp_ns(), 0) << "it does not wait";
  EXPECT_EQ(arena_.pinned_chunks(orders_), 1U) << "librdkafka may still read it";
  arena_.finish(ticket, ArenaState::kDelivered);
  expect_counts(arena_, 1, 0, 0, 0);
  EXPECT_EQ(arena_.audit().topics, arena_.totals());
  EXPECT_EQ(arena_.pinned_chunks(orders_), 0U);
}

TEST_F(ArenaBooks, OverdueThenDead) {
  const auto ticket = append(orders_);
  arena_.commit();
  arena_.set_handed(ticket, 3);
  arena_.set_overdue(ticket);
  arena_.finish(ticket, ArenaState::kDead);
  expect_counts(arena_, 0, 1, 0, 0);
  EXPECT_EQ(arena_.audit().topics, arena_.totals());
  fill_and_free(orders_, ArenaState::kDelivered, ArenaState::kSpooled);
  expect_counts(arena_, 2, 1, 1, 0);
  EXPECT_EQ(arena_.audit().topics, arena_.totals());
}

TEST_F(ArenaBooks, ARecordKnowsWhoPublishedItAndHowOftenItWasHandedOver) {
  const auto ticket = arena_.append({7, 8, 1'000, 1, 1'001, 4'711}, orders_, zero_record("orders", 8));
  arena_.commit();
  EXPECT_EQ(arena_.prefix(ticket).attempts, 0U);
  arena_.set_handed(ticket, 3);
  arena_.set_handed(ticket, 4);
  const Arena successor = successor_of(arena_);
  const ipc::ArenaPrefix& prefix = successor.prefix(successor.left().at(0));
  EXPECT_EQ(prefix.client_uid, 1'001U);
  EXPECT_EQ(prefix.client_pid, 4'711);
  EXPECT_EQ(prefix.attempts, 2U);
  EXPECT_EQ(prefix.partition, 4);
}

TEST_F(ArenaBooks, SequencesMayBeginAboveWhatIsOnDisk) {
  Arena arena(kTwoChunks, kHalfAChunk, 1'001);
  EXPECT_EQ(arena.accepted(), 0U);
  const Tenant tenant = arena.add_tenant("orders");
  const auto ticket = arena.append({}, tenant, zero_record("orders", 8));
  const auto next = arena.append({}, tenant, zero_record("orders", 8));
  arena.commit();
  EXPECT_EQ(arena.prefix(ticket).sequence, 1'001U);
  arena.finish(ticket, ArenaState::kSpooled);
  expect_counts(arena, 0, 0, 1, 1);
  Arena successor = successor_of(arena);
  expect_counts(successor, 0, 0, 1, 1);
  EXPECT_EQ(successor.first_sequence(), 1'001U);
  EXPECT_EQ(successor.next_sequence(), 1'003U);
  EXPECT_EQ(successor.left(), std::vector{next});
  successor.settle(next, successor.add_tenant("orders"));
  successor.forget_left();
  successor.finish(next, ArenaState::kDead);

  const Arena larger(2 * kTwoChunks, kHalfAChunk, successor);
  EXPECT_EQ(larger.first_sequence(), 1'001U);
  expect_counts(larger, 0, 1, 1, 0);
}

TEST_F(ArenaBooks, ASuccessorFindsHowEachEnded) {
  const std::vector<Arena::Ticket> tickets{append(orders_),   append(payments_), append(orders_),
                                           append(payments_), append(orders_),   append(payments_)};
  arena_.commit();
  arena_.finish(tickets[0], ArenaState::kDelivered);
  arena_.finish(tickets[1], ArenaState::kDead);
  arena_.finish(tickets[2], ArenaState::kSpooled);
  arena_.set_handed(tickets[3], 1);
  arena_.set_overdue(tickets[3]);
  arena_.set_handed(tickets[4], 1);

  Arena successor = successor_of(arena_);
  expect_counts(successor, 1, 2, 1, 2);
  EXPECT_EQ(successor.state_of(tickets[3]), ArenaState::kDead) << "nobody waits for its acknowledgement";
  EXPECT_EQ(successor.left(), (std::vector{tickets[4], tickets[5]}));
  // Orders has been taken off the list meanwhile: what is left of it is settled with the unlisted ones, and counted as
  // its own.
  const Tenant unlisted = successor.add_tenant("");
  for (const auto ticket : successor.left()) successor.settle(ticket, unlisted);
  successor.forget_left();
  EXPECT_EQ(successor.audit().topics, successor.totals());
  successor.finish(tickets[4], ArenaState::kDead);
  EXPECT_EQ(successor.pinned_chunks(unlisted), 1U);
  successor.finish(tickets[5], ArenaState::kDelivered);
  EXPECT_EQ(successor.pinned_chunks(unlisted), 0U);
  EXPECT_EQ(successor.free_chunks(), 2U);
  EXPECT_EQ(named(successor.totals(), "orders"), (TopicTotals{{0, 1, 1, 1, 0, 0, 0}, "orders"}));
  EXPECT_EQ(named(successor.totals(), "payments"), (TopicTotals{{0, 1, 2, 0, 0, 0, 0}, "payments"}));
  EXPECT_EQ(successor.audit().topics, successor.totals());
}

TEST_F(ArenaBooks, TheTotalsOfAFreedChunkAreInTheBooks) {
  fill_and_free(orders_, ArenaState::kDelivered, ArenaState::kDead);
  fill_and_free(payments_, ArenaState::kSpooled, ArenaState::kDead);
  EXPECT_GE(image_.commit().freed_opened, 1U);
  for (const auto& topics : {arena_.totals(), arena_.audit().topics, successor_of(arena_).totals()}) {
    EXPECT_EQ(named(topics, "orders"), (TopicTotals{{0, 2, 1, 0, 0, 0, 0}, "orders"}));
    EXPECT_EQ(named(topics, "payments"), (TopicTotals{{0, 1, 1, 1, 0, 0, 0}, "payments"}));
  }
}

// What a daemon leaves that dies while it changes a book: some of the new copy's words are stored, in whatever order. The
// commit is not. None of it may ever count, not even when the successor's own commits have come to that number.
TEST_F(ArenaBooks, DeathWhileABookIsChanged) {
  arena_.free_segment(1, std::vector<SegmentBook>{{"orders", 5, 3, 1}});
  arena_.free_segment(2, std::vector<SegmentBook>{{"orders", 1, 0, 0}, {"payments", 7, 0, 0}});
  const TopicTotals orders{{0, 0, 0, 0, 6, 3, 1}, "orders"};
  const TopicTotals payments{{0, 0, 0, 0, 7, 0, 0}, "payments"};
  ASSERT_EQ(named(arena_.totals(), "orders"), orders);
  const std::uint64_t selector = image_.header().selector;
  const std::vector<std::uint64_t> wanted{selector + 1, 11, 12, 13, 14, 15, 16};
  for (const std::uint32_t number : {1U, 2U}) {
    auto& copies = image_.book(number).totals;
    const auto before = copies;
    ipc::BookTotals& older = copies[copies[1].tag > copies[0].tag ? 0 : 1];
    for (unsigned stored = 0; stored < 1U << wanted.size(); ++stored) {
      copies = before;
      image_.header().selector = selector;
      for (std::size_t word = 0; word < wanted.size(); ++word) {
        if ((stored >> word & 1) != 0) reinterpret_cast<std::uint64_t*>(&older)[word] = wanted[word];
      }
      EXPECT_EQ(named(arena_.audit().topics, "orders"), orders);
      EXPECT_EQ(named(arena_.audit().topics, "payments"), payments);
      Arena successor = successor_of(arena_);
      for (int commits = 0; commits < 3; ++commits) {
        EXPECT_EQ(named(successor.audit().topics, "orders"), orders) << "stored: " << stored;
        EXPECT_EQ(named(successor.audit().topics, "payments"), payments) << "stored: " << stored;
        successor.commit();
      }
      if (HasFailure()) return;
    }
  }
}

// Between the first change of a book and its commit, and between that and the file's end.
TEST_F(ArenaBooks, ASegmentIsTakenOverOnce) {
  const std::vector<SegmentBook> segment{{"orders", 5, 3, 1}, {"gone", 1, 0, 1}, {"orders", 1, 1, 0}};
  EXPECT_EQ(arena_.freed_segment(), 0U);
  append(orders_);
  arena_.commit();
  const ipc::Descriptor before = ipc::create_memory("before", ipc::size_of(arena_.memory()));
  const std::size_t behind = ipc::arena_chunks_offset(2) + 4'096;
  std::memcpy(ArenaImage(before).base(), image_.base(), behind);
  arena_.free_segment(7, segment);
  const Totals freed{1, 0, 0, 0, 7, 4, 2};

  {  // All is stored but the selector.
    const ArenaImage dying(before);
    const std::uint64_t selector = dying.header().selector;
    std::memcpy(dying.base(), image_.base(), behind);
    dying.header().selector = selector;
    Arena successor(before.duplicate());
    EXPECT_EQ(successor.freed_segment(), 0U) << "it has to be freed again";
    EXPECT_EQ(successor.sums().disk_delivered, 0U);
    successor.free_segment(7, segment);
    EXPECT_EQ(static_cast<Totals>(successor.audit()), freed);
    EXPECT_EQ(named(successor.totals(), "orders").disk_delivered, 6U);
  }
  const Arena successor = successor_of(arena_);
  EXPECT_EQ(successor.freed_segment(), 7U) << "its file need only be removed";
  EXPECT_EQ(successor.sums().disk_delivered, 7U);
  EXPECT_EQ(successor.sums().disk_dead, 4U);
  EXPECT_EQ(successor.sums().disk_foreign, 2U);
  EXPECT_EQ(named(successor.totals(), "gone"), (TopicTotals{{0, 0, 0, 0, 1, 0, 1}, "gone"}));
  EXPECT_EQ(static_cast<Totals>(successor.audit()), freed);
  EXPECT_EQ(successor.waiting(), 1U) << "what was on disk is not the arena's";
}

TEST_F(ArenaBooks, AnEmptiedArenaOfAnotherSizeTakesThemOver) {
  fill_and_free(orders_, ArenaState::kDelivered, ArenaState::kDead);
  fill_and_free(payments_, ArenaState::kSpooled, ArenaState::kSpooled);
  arena_.free_segment(3, std::vector<SegmentBook>{{"orders", 5, 3, 1}});
  const auto totals = arena_.totals();
  const Arena left = successor_of(arena_);
  Arena larger(2 * kTwoChunks, kHalfAChunk, left);
  EXPECT_EQ(larger.totals(), totals);
  EXPECT_EQ(larger.audit().topics, totals);
  EXPECT_EQ(larger.freed_segment(), 3U);
  expect_counts(larger, 3, 1, 2, 0);
  EXPECT_EQ(successor_of(larger).totals(), totals);
  larger.add_tenant("orders");
  EXPECT_EQ(larger.totals().size(), 3U);
}

TEST_F(ArenaBooks, DamageIsRefused) {
  const auto ticket = append(orders_);
  arena_.commit();
  const auto refused = [&] {
    try {
      successor_of(arena_);
      return false;
    } catch (const std::runtime_error& error) {
      return std::string_view(error.what()).find("damaged") != std::string_view::npos;
    }
  };
  ASSERT_FALSE(refused());
  const auto expect_refused = [&](auto& word, std::uint64_t value) {
    const std::uint64_t before = word;
    word = static_cast<std::uint32_t>(value);
    EXPECT_TRUE(refused()) << value;
    word = static_cast<std::uint32_t>(before);
    ASSERT_FALSE(refused());
  };
  expect_refused(image_.prefix(ticket).state, 6);
  expect_refused(image_.prefix(ticket).book, 3);
  expect_refused(image_.book(0).name_size, 1);
  expect_refused(image_.book(1).name_size, ipc::kTopicNameMaxBytes + 1);
  expect_refused(image_.header().first_sequence, 0);
  expect_refused(image_.header().first_sequence, 2);
  expect_refused(image_.header().first_sequence, 3);
  expect_refused(image_.book(1).totals[0].spooled, 1);
}

// An image that was written when this version of the layout was made: who changes the layout changes the version, and
// writes another one (RINGPOST_WRITE_ARENA_IMAGE=FILE).
class ArenaLayout : public ArenaBooks {
 protected:
  static constexpr const char* kImage = RINGPOST_FIXTURES "/arena-version-2.txt";

  static void write_image(const char* file) {
    Arena arena(kTwoChunks, kHalfAChunk, 101);
    const Tenant orders = arena.add_tenant("orders"), payments = arena.add_tenant("payments");
    const auto append = [&](Tenant tenant, std::size_t bytes) {
      const std::uint64_t sequence = arena.next_sequence();
      return arena.append({7, 100 * sequence, 1'000, 1'700'000'000'000, 1'001, 4'711}, tenant,
                          zero_record(tenant == orders ? "orders" : "payments", bytes));
    };
    const std::vector<Arena::Ticket> big{append(orders, kHalfAChunk), append(orders, kHalfAChunk),
                                         append(orders, kHalfAChunk)};
    arena.finish(big[0], ArenaState::kDelivered);
    arena.finish(big[1], ArenaState::kDead);
    arena.finish(big[2], ArenaState::kSpooled);
    const std::vector<Arena::Ticket> small{append(orders, 8), append(payments, 8), append(orders, 8),
                                           append(payments, 8)};
    arena.commit();
    arena.set_handed(small[1], 5);
    arena.set_handed(small[1], 6);
    arena.set_handed(small[2], 5);
    arena.set_overdue(small[2]);
    arena.finish(small[3], ArenaState::kDelivered);
    arena.note_connected();
    arena.free_segment(9, std::vector<SegmentBook>{{"orders", 30, 2, 1}});
    append(payments, 8);  // and it is killed before the commit
    std::ofstream out(file);
    ArenaImage(arena.memory()).write(out);
  }
};

TEST_F(ArenaLayout, AnImageOfThisVersionIsRecovered) {
  if (const char* const file = std::getenv("RINGPOST_WRITE_ARENA_IMAGE")) write_image(file);
  std::ifstream in(kImage);
  ASSERT_TRUE(in) << kImage;
  Arena arena(ArenaImage::read(in));
  EXPECT_TRUE(arena.has_size(kTwoChunks, kHalfAChunk));
  EXPECT_TRUE(arena.ever_connected());
  EXPECT_EQ(arena.first_sequence(), 101U);
  EXPECT_EQ(arena.next_sequence(), 108U);
  EXPECT_EQ(arena.freed_segment(), 9U);
  EXPECT_EQ(arena.lane_position(7), 10'700U);
  expect_counts(arena, 2, 2, 1, 2);
  ASSERT_EQ(arena.left().size(), 2U);
  const ipc::ArenaPrefix& handed = arena.prefix(arena.left()[1]);
  EXPECT_EQ(arena.prefix(arena.left()[0]).sequence, 104U);
  EXPECT_EQ(handed.sequence, 105U);
  EXPECT_EQ(handed.attempts, 2U);
  EXPECT_EQ(handed.partition, 6);
  EXPECT_EQ(handed.client_uid, 1'001U);
  EXPECT_EQ(handed.client_pid, 4'711);
  EXPECT_EQ(handed.create_time_ms, 1'700'000'000'000);
  EXPECT_TRUE(arena.is_handed(arena.left()[1]));
  EXPECT_EQ(arena.record(arena.left()[1]).topic, "payments");
  EXPECT_EQ(arena.record(arena.left()[1]).header.stamp_ns, 1'000);
  const Tenant tenant = arena.add_tenant("");
  for (const auto ticket : arena.left()) arena.settle(ticket, tenant);
  arena.forget_left();
  const std::vector<TopicTotals> topics{
      {{}, ""}, {{1, 1, 2, 1, 30, 2, 1}, "orders"}, {{1, 1, 0, 0, 0, 0, 0}, "payments"}};
  EXPECT_EQ(arena.totals(), topics);
  EXPECT_EQ(arena.audit().topics, topics);
}

}  // namespace
}  // namespace ringpost::daemon
