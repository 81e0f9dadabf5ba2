// Adoptions in quick succession, under publishing threads, and at the edges of a client's life.
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "tests/client/adoption.hpp"

namespace ringpost::tests {
namespace {

constexpr int kAdoptions = 100;

class AdoptionCrowd : public Adoption {
 protected:
  // Threads that publish until they are told to stop.
  void start_threads(int count) {
    for (int thread = 0; thread < count; ++thread) {
      threads_.emplace_back([this] {
        while (!stop_) {
          if (accepted_ - drained_ >= waiting_max_) {
            std::this_thread::yield();
            continue;
          }
          const std::error_code error = client_.try_publish(kEvent);
          if (!error) {
            ++accepted_;
          } else if (error == Error::kBufferFull) {
            ++full_;
            std::this_thread::yield();
          } else {
            ++failed_;
          }
        }
      });
    }
  }
  void stop_threads() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  void drain_all() { drained_ += drain().size(); }
  void expect_more(std::uint64_t count) {
    const std::uint64_t before = accepted_;
    EXPECT_TRUE(eventually([&] {
      drain_all();
      return accepted_ > before + count;
    }));
  }
  void TearDown() override { stop_threads(); }

  std::vector<std::thread> threads_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> full_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> drained_{0};
  std::uint64_t waiting_max_ = ~std::uint64_t{0};
};

TEST_F(AdoptionCrowd, twice_in_a_row_again_and_again_under_publishing_threads) {
  begin();
  start_threads(4);
  for (int round = 0; round < kAdoptions; ++round) {
    expect_more(100);
    die();
    succeed();
    if (round % 3 == 0) std::this_thread::yield();  // the first may or may not have said anything yet
    die();
    succeed();
    if (round % 5 == 0) expect_confirmed();
  }
  expect_more(1'000);
  expect_confirmed();
  stop_threads();
  drain_all();
  EXPECT_EQ(drained_, accepted_);
  EXPECT_EQ(failed_, 0U);
  EXPECT_EQ(daemon_->client_count(), 1U);
  EXPECT_EQ(daemon_->lanes_lost(), 0U);
}

// With one lane there is no other to go to: that a lane changes its link must not show.
TEST_F(AdoptionCrowd, one_thread_with_one_lane_never_finds_it_taken) {
  begin({FakeInstance{.lane_bytes = 8U << 20, .lanes_max = 1}});
  waiting_max_ = 10'000;  // room for them all
  start_threads(1);
  for (int round = 0; round < kAdoptions; ++round) {
    die();
    succeed();
    expect_confirmed();
    drain_all();
  }
  stop_threads();
  drain_all();
  EXPECT_EQ(drained_, accepted_);
  EXPECT_EQ(failed_, 0U);
  EXPECT_EQ(full_, 0U);
}

// One lane is in use, the others only now and then: they have missed many daemons.
TEST_F(AdoptionCrowd, lanes_that_lie_idle_come_along) {
  begin();
  for (int round = 0; round < kAdoptions; ++round) {
    client_.publish(kEvent);
    die();
    succeed();
    expect_confirmed();
    if (round % 10 != 0) continue;
    Reservation one = client_.reserve(kToCome, 1);
    Reservation two = client_.reserve(kToCome, 1);
    Reservation three = client_.reserve(kToCome, 1);
    for (Reservation* reservation : {&one, &two, &three}) {
      reservation->text()[0] = '1';
      reservation->commit(1);
    }
  }
  EXPECT_EQ(drain().size(), static_cast<std::size_t>(kAdoptions + 3 * kAdoptions / 10));
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for (int number = 0; number < 1024; ++number) count += ::fcntl(number, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

TEST_F(AdoptionCrowd, nothing_is_left_of_the_daemons_before) {
  begin();
  die();
  succeed();  // there is a dead one and a living one from now on
  expect_confirmed();
  const std::size_t before = open_descriptors();
  const auto expect_open = [&](std::size_t count) {
    EXPECT_TRUE(eventually([&] {
      drain_all();
      return open_descriptors() == count;
    }));
  };
  waiting_max_ = 200;  // a lane is never full
  start_threads(1);    // under traffic that never ends, too
  for (int round = 0; round < 20; ++round) {
    die();
    succeed();
    expect_confirmed();
    expect_open(before);
  }
  // A call that never ends keeps the one link that it uses, and none of those that come after.
  {
    const Reservation reservation = client_.reserve(kToCome, 10);
    for (int round = 0; round < 20; ++round) {
      die();
      succeed();
      EXPECT_TRUE(eventually([this] { return daemon_->pings() >= 2; }));
      expect_open(before + 1);
    }
  }
  expect_confirmed();
  expect_open(before);
}

TEST_F(AdoptionCrowd, closing_while_nobody_answers) {
  begin();
  client_.publish(kEvent);
  die();
  client_.publish(kEvent);
  client_.close();
  succeed();
  EXPECT_TRUE(eventually([this] { return daemon_->client_count() == 0; }));
  EXPECT_EQ(drain().size(), 2U);
}

ringpost_event event_of_c() {
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = "1";
  event.message_size = 1;
  return event;
}

// The connection's end tells the daemon that nothing more will come.
TEST_F(AdoptionCrowd, closing_in_the_middle_of_an_adoption_waits_for_the_last_call) {
  using enum ipc::FrameType;
  for (const ipc::FrameType lost : {kHello, kOpenInstance, kPing}) {
    begin();
    ringpost_handle* const handle = client_.handle();
    Reservation reservation = client_.reserve(kToCome, 10);
    die();
    succeed([lost](FakeDaemon& next) { next.swallow(lost); });
    EXPECT_TRUE(eventually([this] { return daemon_->swallowed() == 1; }));
    std::atomic<bool> closed{false};
    std::thread closer([&] {
      client_.close();
      closed = true;
    });
    // No call gets in any more, and the handle is there for as long as the reservation is.
    const ringpost_event event = event_of_c();
    EXPECT_TRUE(eventually([&] { return ringpost_publish(handle, &event) != RINGPOST_OK; }));
    EXPECT_EQ(daemon_->client_count(), 1U);
    EXPECT_FALSE(closed);
    reservation = Reservation();
    closer.join();
    EXPECT_TRUE(eventually([this] { return daemon_->client_count() == 0; }));
  }
}

TEST_F(AdoptionCrowd, closing_at_any_moment_under_threads) {
  for (int round = 0; round < 20; ++round) {
    begin();
    for (int number = 0; number < 10; ++number) client_.publish(kEvent);
    die();
    succeed();
    if (round % 2 == 0) {
      die();
      succeed();
    }
    client_.close();
    EXPECT_TRUE(eventually([this] { return daemon_->client_count() == 0; }));
    EXPECT_EQ(daemon_->drain().size(), 10U);
  }
}

}  // namespace
}  // namespace ringpost::tests
