// What a connection may say, in which order, and that everything else ends that connection and nothing more.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <boost/json.hpp>

#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using What = ipc::Received::What;

const std::string kInstances = R"(
[instance.first]
brokers = "embedded"
topics = ["orders"]
lanes_per_client_max = 2
[instance.off]
brokers = "embedded"
topics = ["orders"]
enabled = false
)";
constexpr std::uint32_t kFirst = 0;
constexpr std::uint32_t kOff = 1;

class ProtocolTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(bystander_.hello().frame.header.type, ipc::FrameType::kWelcome); }
  // Whatever the others did: who did nothing wrong is served.
  void TearDown() override {
    EXPECT_FALSE(bystander_.is_ended());
    EXPECT_TRUE(bystander_.ping());
    EXPECT_TRUE(daemon_.process().running()) << daemon_.log();
  }

  // How many descriptors the daemon has open on what is called so. Not all: librdkafka's come and go.
  std::size_t descriptors_on(const std::string& name) {
    const auto folder = "/proc/" + std::to_string(daemon_.process().pid()) + "/fd";
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::error_code closed_meanwhile;
      const auto target = std::filesystem::read_symlink(entry.path(), closed_meanwhile);
      if (target.string().find(name) != std::string::npos) ++found;
    }
    return found;
  }
  std::size_t descriptors_of_clients() {
    return descriptors_on("/memfd:ringpost") + descriptors_on("[eventfd]");
  }

  Daemon daemon_{kInstances};
  RawClient bystander_{daemon_.socket()};
};

TEST_F(ProtocolTest, HelloInstanceLaneEventStatus) {
  RawClient client(daemon_.socket());
  const ipc::Received welcome = client.hello();
  ASSERT_EQ(welcome.frame.header.type, ipc::FrameType::kWelcome);
  EXPECT_EQ(welcome.frame.body.welcome.instance_count, 2U);
  EXPECT_EQ(welcome.frame.body.welcome.daemon_grace_ms, 0U);
  EXPECT_GT(welcome.frame.body.welcome.client_id, 0U);
  EXPECT_EQ(client.standing(), ipc::Standing::kServed);

  const ipc::Received instance = client.open_instance(kFirst);
  ASSERT_EQ(instance.frame.header.type, ipc::FrameType::kInstance);
  EXPECT_EQ(ipc::text_field(instance.frame.body.instance.name), "first");
  EXPECT_EQ(instance.frame.body.instance.allowed, 1U);
  EXPECT_EQ(instance.frame.body.instance.lanes_max, 2U);
  const ipc::InstanceBoardReader board(instance.descriptors[0]);
  EXPECT_TRUE(ipc::look_up_topic(board.board(), "orders").allowed);
  EXPECT_TRUE(instance.descriptors[1]) << "no doorbell";

  const ipc::Received lane = client.open_lane(kFirst);
  ASSERT_EQ(lane.frame.header.type, ipc::FrameType::kLane);
  EXPECT_EQ(lane.frame.body.lane.capacity_bytes, instance.frame.body.instance.lane_bytes);
  EXPECT_EQ(lane.frame.body.lane.lane_id, client.lane().lane_id());

  ASSERT_TRUE(client.publish("orders", R"({"id":"123"})"));
  const auto delivered = [&] {
    return boost::json::parse(client.status()).at("instances").at(0).at("delivered") == 1;
  };
  EXPECT_TRUE(wait_until(delivered)) << client.status();
  const boost::json::value status = boost::json::parse(client.status());
  EXPECT_EQ(status.at("pid"), daemon_.process().pid());
  EXPECT_EQ(status.at("clients"), 2);
  EXPECT_EQ(status.at("keeper"), false);
  EXPECT_EQ(status.at("instances").at(0).at("name"), "first");
  EXPECT_EQ(status.at("instances").at(0).at("accepted"), 1);
  EXPECT_EQ(status.at("instances").at(1).at("state"), "disabled");
}

TEST_F(ProtocolTest, TheBoardsAreReadOnlyToAClient) {
  RawClient client(daemon_.socket());
  const ipc::Received welcome = client.hello();
  const ipc::Received instance = client.open_instance(kFirst);
  EXPECT_ANY_THROW(ipc::map(welcome.descriptors[0], ipc::Access::kReadWrite, 0, ipc::kPageBytes));
  EXPECT_ANY_THROW(ipc::map(instance.descriptors[0], ipc::Access::kReadWrite, 0, ipc::kPageBytes));
}

TEST_F(ProtocolTest, AnythingThatIsNoFrameEndsTheConnection) {
  const std::size_t frame_bytes = sizeof(ipc::Frame);
  for (const std::size_t size_bytes : {std::size_t{1}, frame_bytes / 2, frame_bytes - 1, frame_bytes,
                                       frame_bytes + 1, std::size_t{100'000}}) {
    for (const bool after_hello : {false, true}) {
      RawClient client(daemon_.socket());
      if (after_hello) client.hello();
      const std::vector<std::byte> garbage(size_bytes, std::byte{0x5a});
      ASSERT_TRUE(client.send_bytes(garbage));
      EXPECT_TRUE(client.wait_until_ended()) << size_bytes;
    }
  }
}

TEST_F(ProtocolTest, AFrameThatIsTooLongIsNotCutToAFrame) {
  RawClient client(daemon_.socket());
  client.hello();
  std::vector<std::byte> bytes(sizeof(ipc::Frame) + 8);
  const ipc::Frame ping = ipc::make_frame(ipc::FrameType::kPing, 2);
  std::memcpy(bytes.data(), &ping, sizeof ping);
  ASSERT_TRUE(client.send_bytes(bytes));
  EXPECT_TRUE(client.wait_until_ended());
}

TEST_F(ProtocolTest, AnotherVersionIsToldBothVersions) {
  RawClient client(daemon_.socket());
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 0);
  frame.header.version = 77;
  const ipc::Received received = client.ask(frame);
  EXPECT_EQ(refusal_of(received), ipc::Refusal::kVersion);
  EXPECT_THAT(refusal_text(received), HasSubstr("version 77"));
  EXPECT_THAT(refusal_text(received), HasSubstr("version " + std::to_string(ipc::kProtocolVersion)));
  EXPECT_TRUE(client.wait_until_ended());
}

TEST_F(ProtocolTest, DescriptorsFromAClientAreNotTaken) {
  const TemporaryDirectory directory;
  const ipc::Descriptor file(::open(directory.file("foreign").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  std::vector<RawClient> clients;
  for (int number = 0; number < 20; ++number) {
    clients.emplace_back(daemon_.socket());
    const std::array descriptors{file.get(), file.get()};
    if (clients.back().send(ipc::make_frame(ipc::FrameType::kHello, 0), descriptors)) {
      EXPECT_TRUE(clients.back().wait_until_ended());
    } else {
      EXPECT_EQ(errno, EPERM) << "Linux 6.16 and later: they are not even carried";
    }
  }
  EXPECT_EQ(descriptors_on("foreign"), 0U);
}

TEST_F(ProtocolTest, TheFirstFrameIsAHelloAndNoOtherIs) {
  for (const ipc::FrameType type :
       {ipc::FrameType::kPing, ipc::FrameType::kOpenInstance, ipc::FrameType::kOpenLane,
        ipc::FrameType::kWelcome, static_cast<ipc::FrameType>(12345)}) {
    RawClient client(daemon_.socket());
    ASSERT_TRUE(client.send(ipc::make_frame(type, 0)));
    EXPECT_TRUE(client.wait_until_ended()) << static_cast<int>(type);
  }
  for (const ipc::FrameType type :
       {ipc::FrameType::kHello, ipc::FrameType::kWelcome, static_cast<ipc::FrameType>(12345)}) {
    RawClient client(daemon_.socket());
    client.hello();
    ASSERT_TRUE(client.send(ipc::make_frame(type, 0)));
    EXPECT_TRUE(client.wait_until_ended()) << static_cast<int>(type);
  }
}

TEST_F(ProtocolTest, AConnectionThatNeverSaysHelloEnds) {
  const RawClient client(daemon_.socket());
  EXPECT_TRUE(client.wait_until_ended());
}

TEST_F(ProtocolTest, AQuestionBeforeTheLastAnswerWasReadEndsTheConnection) {
  for (const ipc::FrameType type : {ipc::FrameType::kPing, ipc::FrameType::kStatus}) {
    RawClient client(daemon_.socket());
    client.hello();
    ASSERT_TRUE(client.send(ipc::make_frame(type, 0)));
    client.send(ipc::make_frame(ipc::FrameType::kPing, 0));
    EXPECT_TRUE(client.wait_until_ended()) << static_cast<int>(type);
    EXPECT_TRUE(wait_until([&] {  // the log has a thread of its own
      return daemon_.log().find("before it had read the last answer") != std::string::npos;
    }));
  }
}

TEST_F(ProtocolTest, ALaneOfAnInstanceThatWasNotOpenedEndsTheConnection) {
  RawClient client(daemon_.socket());
  client.hello();
  ASSERT_TRUE(client.send(index_frame(ipc::FrameType::kOpenLane, kFirst)));
  EXPECT_TRUE(client.wait_until_ended());
}

TEST_F(ProtocolTest, AnInstanceIsOpenedOnce) {
  RawClient client(daemon_.socket());
  client.hello();
  EXPECT_EQ(client.open_instance(kFirst).frame.header.type, ipc::FrameType::kInstance);
  ASSERT_TRUE(client.send(index_frame(ipc::FrameType::kOpenInstance, kFirst)));
  EXPECT_TRUE(client.wait_until_ended());
}

TEST_F(ProtocolTest, AnInstanceThatDoesNotExistIsRefused) {
  RawClient client(daemon_.socket());
  client.hello();
  for (const std::uint32_t index : {2U, 64U, 0xFFFFFFFFU}) {
    EXPECT_EQ(refusal_of(client.open_instance(index)), ipc::Refusal::kNoSuchInstance);
    EXPECT_EQ(refusal_of(client.open_lane(index)), ipc::Refusal::kNoSuchInstance);
  }
  EXPECT_TRUE(client.ping());
}

TEST_F(ProtocolTest, TheLanesOfAChannelHaveALimit) {
  RawClient client = client_with_lane(daemon_.socket(), kFirst);
  EXPECT_EQ(client.open_lane(kFirst).frame.header.type, ipc::FrameType::kLane);
  const ipc::Received third = client.open_lane(kFirst);
  EXPECT_EQ(refusal_of(third), ipc::Refusal::kTooManyLanes);
  EXPECT_THAT(refusal_text(third), HasSubstr("2 lanes of instance first (of 2)"));
  EXPECT_TRUE(client.ping());
}

TEST_F(ProtocolTest, AnInstanceThatIsSwitchedOffSaysSoOnItsBoard) {
  RawClient client(daemon_.socket());
  client.hello();
  const ipc::Received instance = client.open_instance(kOff);
  ASSERT_TRUE(instance.descriptors[0]);
  const ipc::InstanceBoardReader board(instance.descriptors[0]);
  EXPECT_EQ(board.board().admission.load(), static_cast<std::uint32_t>(ipc::Admission::kDisabled));
  // Its lanes are there to count what is refused.
  EXPECT_EQ(client.open_lane(kOff).frame.header.type, ipc::FrameType::kLane);
}

TEST_F(ProtocolTest, LaneNumbersAreNeverUsedAgain) {
  std::uint64_t last = 0;
  for (int number = 0; number < 5; ++number) {
    RawClient client = client_with_lane(daemon_.socket(), kFirst);
    EXPECT_GT(client.lane().lane_id(), last);
    last = client.lane().lane_id();
  }
}

TEST_F(ProtocolTest, AClientThatGoesWhileItsLaneOpensLeavesNothing) {
  { const RawClient first = client_with_lane(daemon_.socket(), kFirst); }
  const auto lanes = [&] {
    return boost::json::parse(bystander_.status()).at("instances").at(0).at("lanes");
  };
  ASSERT_TRUE(wait_until([&] { return lanes() == 0; }));
  const std::size_t before = descriptors_of_clients();
  for (int number = 0; number < 200; ++number) {
    RawClient client(daemon_.socket());
    ASSERT_EQ(client.hello().frame.header.type, ipc::FrameType::kWelcome);
    ASSERT_EQ(client.open_instance(kFirst).frame.header.type, ipc::FrameType::kInstance);
    ASSERT_TRUE(client.send(index_frame(ipc::FrameType::kOpenLane, kFirst)));
  }
  EXPECT_TRUE(wait_until([&] { return lanes() == 0 && descriptors_of_clients() == before; }))
      << lanes() << " lanes, " << descriptors_of_clients() << " descriptors, " << before << " before";
}

}  // namespace
}  // namespace ringpost::tests
