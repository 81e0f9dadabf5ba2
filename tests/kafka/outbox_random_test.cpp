// An Outbox at random: bursts, spills, brokers that go and come, refusals, a disk in trouble, and successors that are
// fed from what is left. The order of first hand-overs is checked at each (FakeOwner), the counts after each turn.
#include <random>

#include "kafka/dispositions.hpp"
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

class RandomTest : public OutboxTest {
 protected:
  bool chance(unsigned percent) { return random() % 100 < percent; }

  void add_some() {
    for (std::uint64_t i = random() % 300; i != 0; --i) {
      const std::string topic = chance(80) ? "orders" : "other";
      std::optional<std::string> key;
      if (!chance(10)) {
        key = "key" + std::to_string(random() % 40);
      }
      const auto deadline_ms = static_cast<std::int64_t>(random() % 20'000);
      const std::int64_t deadline_ns = chance(5) ? monotonic_now_ns() + deadline_ms * 1'000'000 : 0;
      add(topic, key, std::string(chance(30) ? 1500 : 20, 'x'), {}, deadline_ns);
    }
  }

  void step() {
    switch (random() % 12) {
      case 0:
        if (chance(10)) {
          cluster->set_broker_up(2, chance(50));
        }
        break;
      case 1:
        if (chance(10)) {
          cluster->set_broker_up(1, chance(60));
        }
        break;
      case 2:
        if (chance(20)) {
          cluster->refuse_produce({kInvalidRecordCode});
        }
        break;
      case 3:
        owner.disk_full = chance(20);
        break;
      case 4:
        owner.disk_unreadable = chance(20);
        break;
      case 5:
        if (chance(20)) {
          crash_and_recover({"orders", "other"});
        }
        break;
      case 6:
      case 7:
      case 8:
        while (outbox->spill() != 0 && !chance(10)) {
        }
        break;
      default:
        if (owner.records.size() < 20'000) {
          add_some();
        }
    }
  }

  // Until something was put on disk: how many steps that takes is the clock's business.
  void outage() {
    cluster->set_broker_up(1, false);
    cluster->set_broker_up(2, false);
    owner.disk_full = false;
    ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
    for (int i = 0; i < 5; ++i) {
      add_some();
    }
    ASSERT_TRUE(spill_everything());
    cluster->set_broker_up(1, chance(80));
    cluster->set_broker_up(2, chance(50));
    if (chance(50)) {
      crash_and_recover({"orders", "other"});
    }
  }

  std::mt19937 random{20250611};
};

TEST_F(RandomTest, OrderAndCountsHold) {
  start_cluster({{.name = "orders", .partition_count = 4}, {.name = "other", .partition_count = 2}}, 2);
  start_outbox({"orders", "other"});
  for (int round = 0; round < 5; ++round) {
    outage();
    for (int i = 0; i < 250; ++i) {
      step();
      turn();
      ASSERT_FALSE(HasFailure());
    }
  }
  cluster->set_broker_up(1, true);
  cluster->set_broker_up(2, true);
  owner.disk_full = false;
  owner.disk_unreadable = false;
  ASSERT_TRUE(turn_until([this] { return all_ended(); }, 120s));
  EXPECT_GE(owner.blocks_written, 5U);
  EXPECT_TRUE(owner.blocks.empty());
  expect_order_and_no_loss("orders");
  expect_order_and_no_loss("other");
}

}  // namespace
}  // namespace ringpost::kafka
