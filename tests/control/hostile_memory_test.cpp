// What a client can do with the memory and the eventfd that it was given, while neighbours publish.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "ipc/lane_layout.hpp"
#include "ipc/record.hpp"
#include "tests/control/neighbours.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLaneBytes = 2u << 20;  // more than the chunks that the arena then has
const std::string kInstance =
    "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\nlane_size = \"2MiB\"\n"
    "max_event_size = \"64KiB\"\n";

class HostileMemoryTest : public testing::Test {
 protected:
  HostileMemoryTest() { daemon_.wait_until_connected("kafkaid"); }
  void SetUp() override { neighbours_ = std::make_unique<Neighbours>(daemon_, "kafkaid"); }
  void TearDown() override {
    EXPECT_TRUE(neighbours_->go_on()) << daemon_.log();
    EXPECT_EQ(neighbours_->fault(), "") << daemon_.log();
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  }
  // One line for each culprit; the log is complete when the daemon has stopped.
  std::size_t lines_with(const std::string& text) const {
    const std::string log = daemon_.log();
    std::size_t lines = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++lines;
    return lines;
  }
  void expect_cut_off(const RawClient& client) {
    EXPECT_TRUE(wait_until([&] { return client.standing() == ipc::Standing::kCutOff; })) << daemon_.log();
  }
  void expect_served(const RawClient& client) { EXPECT_EQ(client.standing(), ipc::Standing::kServed); }

  Daemon daemon_{kInstance};
  std::unique_ptr<Neighbours> neighbours_;
};

// All of a lane's memory as its client has it.
class WholeLane {
 public:
  explicit WholeLane(const RawClient& client)
      : mapping_(
            ipc::map(client.lane_memory(), ipc::Access::kReadWrite, 0, ipc::lane_memory_bytes(kLaneBytes))) {}
  ipc::LaneHeader& header() { return *reinterpret_cast<ipc::LaneHeader*>(bytes()); }
  std::byte* bytes() { return static_cast<std::byte*>(mapping_.get_address()); }
  std::size_t size() const { return mapping_.get_size(); }
  void write(std::uint64_t position, const void* from, std::size_t size_bytes) {
    std::memcpy(bytes() + ipc::kLaneRingOffset + position, from, size_bytes);
  }
  void store_tail(std::uint64_t tail) { header().tail.store(tail, std::memory_order_release); }

 private:
  ipc::Mapping mapping_;
};

ipc::RecordHeader header_of(std::uint32_t message_size) {
  ipc::RecordHeader header{};
  header.size = static_cast<std::uint32_t>(ipc::align_record(sizeof header + 6 + message_size));
  header.sequence = 1;
  header.stamp_ns = 1;
  header.topic_size = 6;
  header.message_size = message_size;
  return header;
}

// Well-formed, but larger than any event may be: the arena could never take it, and nobody's events behind it.
TEST_F(HostileMemoryTest, ARecordThatTheBufferCanNeverTake) {
  const RawClient client = client_with_lane(daemon_.socket());
  WholeLane lane(client);
  const std::string message = "\"" + std::string(kLaneBytes - 4'096, 'x') + "\"";
  const ipc::RecordHeader header = header_of(static_cast<std::uint32_t>(message.size()));
  lane.write(0, &header, sizeof header);
  lane.write(sizeof header, "orders", 6);
  lane.write(sizeof header + 6, message.data(), message.size());
  lane.store_tail(header.size);
  EXPECT_TRUE(neighbours_->go_on()) << "it holds the others up";
  expect_cut_off(client);
}

TEST_F(HostileMemoryTest, TheDoorbellDrainedFilledMadeBlockingAndRungWithoutEnd) {
  RawClient client(daemon_.socket());
  client.hello();
  const ipc::Received instance = client.open_instance(0);
  ASSERT_EQ(client.open_lane(0).frame.header.type, ipc::FrameType::kLane);
  const int bell = instance.descriptors[1].get();
  const std::uint64_t full = ~0ULL - 1;
  ASSERT_EQ(::write(bell, &full, sizeof full), 8);
  ASSERT_EQ(::fcntl(bell, F_SETFL, 0),
            0);  // of the file that all share: a read or write by the daemon would wait now
  ASSERT_TRUE(client.publish("orders", "1"));
  EXPECT_TRUE(neighbours_->go_on());

  ASSERT_EQ(::fcntl(bell, F_SETFL, O_NONBLOCK | O_ASYNC), 0);
  std::atomic<bool> stopping{false};
  std::thread ringer([&] {
    const std::uint64_t one = 1;
    std::uint64_t count = 0;
    while (!stopping) {
      if (::write(bell, &one, sizeof one) < 0 && ::read(bell, &count, sizeof count) < 0) break;
    }
  });
  EXPECT_TRUE(neighbours_->go_on());
  stopping = true;
  ringer.join();
  expect_served(client);
}

TEST_F(HostileMemoryTest, ALaneCantBeMadeSmallerOrLarger) {
  const RawClient client = client_with_lane(daemon_.socket());
  const int lane = client.lane_memory().get();
  for (const off_t size : {off_t{0}, off_t{4'096}, off_t{64} << 20}) {
    EXPECT_LT(::ftruncate(lane, size), 0);
    EXPECT_EQ(errno, EPERM);
  }
  EXPECT_LT(::fallocate(lane, 0, 0, off_t{64} << 20), 0);
  EXPECT_LT(::fallocate(lane, FALLOC_FL_KEEP_SIZE, off_t{32} << 20, off_t{32} << 20), 0) << "beyond its end";
  const std::array<char, 1> byte{};
  EXPECT_LT(::pwrite(lane, byte.data(), 1, static_cast<off_t>(ipc::lane_memory_bytes(kLaneBytes))), 0);
  EXPECT_LT(::fcntl(lane, F_ADD_SEALS, F_SEAL_WRITE), 0) << "no seal that would stop its other users";
  expect_served(client);
}

TEST_F(HostileMemoryTest, NoWayToWriteABoard) {
  RawClient client(daemon_.socket());
  const ipc::Received welcome = client.hello();
  const ipc::Received instance = client.open_instance(0);
  for (const ipc::Descriptor* board : {&welcome.descriptors[0], &instance.descriptors[0]}) {
    const int memory = board->get();
    const std::string again = "/proc/self/fd/" + std::to_string(memory);
    const ipc::Descriptor reopened(::open(again.c_str(), O_RDWR | O_CLOEXEC));
    for (const int descriptor : {memory, reopened.get()}) {
      if (descriptor < 0) continue;  // the kernel does not even open it
      EXPECT_EQ(::mmap(nullptr, 4'096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), MAP_FAILED);
      EXPECT_EQ(errno, EPERM);
      void* const read_only = ::mmap(nullptr, 4'096, PROT_READ, MAP_SHARED, descriptor, 0);
      ASSERT_NE(read_only, MAP_FAILED);
      EXPECT_LT(::mprotect(read_only, 4'096, PROT_READ | PROT_WRITE), 0);
      EXPECT_LT(::madvise(read_only, 4'096, MADV_REMOVE), 0) << "a hole by another name";
      ::munmap(read_only, 4'096);
      EXPECT_LT(::pwrite(descriptor, "x", 1, 64), 0);
      EXPECT_LT(::fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4'096), 0);
      EXPECT_LT(::ftruncate(descriptor, 0), 0);
    }
  }
  EXPECT_TRUE(client.ping());
}

// The daemon's faults in a lane wait for a hole that is being punched there: not for ever, and not for long.
TEST_F(HostileMemoryTest, HolesPunchedWithoutEndWhileTheDaemonReads) {
  std::vector<RawClient> clients;
  std::atomic<bool> stopping{false};
  std::vector<std::thread> punchers;
  for (int number = 0; number < 2; ++number) clients.push_back(client_with_lane(daemon_.socket()));
  for (RawClient& client : clients) {
    punchers.emplace_back([&stopping, lane = client.lane_memory().get()] {
      while (!stopping) {
        // Not the header page: with the tail in a hole the lane is empty, and nothing of it is read.
        ::fallocate(lane, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ipc::kLaneRingOffset, kLaneBytes);
      }
    });
    // What is claimed to be there keeps the daemon reading holes until it finds no record in them.
    WholeLane(client).store_tail(kLaneBytes / 2);
  }
  for (const RawClient& client : clients) expect_cut_off(client);
  EXPECT_TRUE(neighbours_->go_on());
  for (int number = 0; number < 20; ++number) {
    RawClient another = client_with_lane(daemon_.socket());
    ::fallocate(another.lane_memory().get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                static_cast<off_t>(ipc::lane_memory_bytes(kLaneBytes)));
    WholeLane(another).store_tail(kLaneBytes);
    expect_cut_off(another);
  }
  stopping = true;
  for (std::thread& puncher : punchers) puncher.join();
}

// Records that change while they are copied, header page and tail: whole again and again, and in between garbage.
TEST_F(HostileMemoryTest, RandomBytesOverEverythingWhileItIsRead) {
  std::vector<RawClient> clients;
  std::atomic<bool> stopping{false};
  std::vector<std::thread> writers;
  constexpr int kCulprits = 3;
  for (int number = 0; number < kCulprits; ++number) clients.push_back(client_with_lane(daemon_.socket()));
  for (int number = 0; number < kCulprits; ++number) {
    RawClient& client = clients[static_cast<std::size_t>(number)];
    for (int event = 0; event < 50; ++event) client.publish("orders", "[1,2,3]");
    writers.emplace_back([&stopping, &client, seed = number] {
      WholeLane lane(client);
      std::mt19937_64 random(static_cast<std::uint64_t>(seed));
      while (!stopping) {
        const std::uint64_t value = random();
        auto* const word =
            reinterpret_cast<std::atomic<std::uint64_t>*>(lane.bytes() + value % lane.size() / 8 * 8);
        word->store(random(), std::memory_order_relaxed);
        if (value % 64 == 0) lane.header().tail.store(value % kLaneBytes / 8 * 8, std::memory_order_release);
      }
    });
  }
  for (const RawClient& client : clients) expect_cut_off(client);
  EXPECT_TRUE(neighbours_->go_on());
  stopping = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(neighbours_->fault(), "") << daemon_.log();
  neighbours_ = std::make_unique<Neighbours>(daemon_, "kafkaid", 0);
  EXPECT_EQ(daemon_.stop(), 0);
  EXPECT_EQ(lines_with("was cut off"), std::size_t{kCulprits}) << daemon_.log();
  daemon_.start();
}

// Through the library: its calls fail once the daemon has cut its client off.
TEST(CutOff, EveryLaterCallFailsAndSaysWhy) {
  Daemon daemon(kInstance);
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", "1", {}, {}}), 0);
  daemon.wait_until_delivered("kafkaid", 1);
  // The library keeps no descriptor of a lane, but its mapping: find it there.
  std::string maps = read_file("/proc/self/maps");
  std::size_t damaged = 0;
  for (std::size_t at = 0, end; (end = maps.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = maps.substr(at, end - at);
    if (line.find("/memfd:ringpost-lane") == std::string::npos ||
        line.find("rw-s 00000000") == std::string::npos)
      continue;
    auto* const header = reinterpret_cast<ipc::LaneHeader*>(std::stoull(line, nullptr, 16));
    header->tail.store(~0ULL, std::memory_order_release);
    ++damaged;
  }
  ASSERT_GT(damaged, 0U) << maps;
  EXPECT_TRUE(wait_until([&] {
    return publisher.publish({"kafkaid", "orders", "2", {}, {}}) == RINGPOST_DAEMON_UNAVAILABLE;
  }));
  EXPECT_THAT(ringpost_last_error_message(), HasSubstr("cut"));
  for (int call = 0; call < 10; ++call) {
    EXPECT_EQ(publisher.publish({"kafkaid", "orders", "3", {}, {}}), RINGPOST_DAEMON_UNAVAILABLE);
  }
  EXPECT_EQ(daemon.status("kafkaid").waiting, 0U);
}

}  // namespace
}  // namespace ringpost::tests
