// What the drain does with a lane that does what the input says (scripted_lane.hpp): Intake with the real arena, journal
// and outbox, whose brokers nobody answers for. They live on from input to input, as they do in a daemon; each input is
// a client that comes, is served and goes; an honest one stays. Whatever it does:
//   - an honest client beside it gets its room back, for all that it wrote;
//   - it is reported at most once for a lane, and forgotten when it has gone;
//   - accepted = delivered + waiting + dead letters, in the daemon's own count and in the arena's memory.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "daemon/config/log.hpp"
#include "daemon/instance/delivery.hpp"
#include "daemon/instance/intake.hpp"
#include "fuzz/require.hpp"
#include "fuzz/scripted_lane.hpp"
#include "tests/instance/lanes.hpp"

namespace ringpost::fuzz {
namespace {

constexpr std::size_t kRoundsMax = 10'000;

daemon::InstanceConfig config() {
  daemon::InstanceConfig config;
  config.name = "fuzz";
  config.brokers = {"127.0.0.1:9"};  // nobody
  config.topics = {kListedTopics[0].data(), kListedTopics[1].data()};
  config.send_timeout = std::chrono::milliseconds(1);  // no broker: this is how each event ends
  config.buffer_size_bytes = 4u << 20;
  config.lane_size_bytes = ScriptedLane::kCapacityBytes;
  config.max_event_size_bytes = ScriptedLane::kCapacityBytes / 2;
  return config;
}

kafka::OutboxConfig outbox_config(const daemon::InstanceConfig& config) {
  kafka::OutboxConfig outbox;
  outbox.instance = config.name;
  outbox.bootstrap_servers = config.brokers.front();
  outbox.topics = config.topics;
  return outbox;
}

class Bench {
 public:
  Bench() { open(honest_client_, honest_.lane_id(), honest_.memory()); }

  void serve(const Input& script) {
    const auto client = test::make_client(++last_id_);
    ScriptedLane scripted(scripted_memory_, script);
    open(client, ++last_id_, scripted.memory());

    bool more = true;
    while (more) {
      more = scripted.play();
      if (honest_.publish(kListedTopics[1], "\"honest\"")) honest_bytes_ += kHonestRecordBytes;
      round();
    }
    bool forgotten = false;
    intake_.client_gone(client->id, [&forgotten] { forgotten = true; });
    for (std::size_t rounds = 0; rounds < kRoundsMax && !forgotten; ++rounds) round();
    require(forgotten, "who has gone is forgotten");
    require(honest_client_->board.released(0).load() == honest_bytes_,
            "an honest client has all its room back");
    require(intake_.lane_count() == 1 && intake_.lanes_are_empty(), "nothing is left of who has gone");
    require(reported_ <= 1, "a lane is reported once");
    reported_ = 0;
  }

 private:
  static constexpr std::uint64_t kHonestRecordBytes =
      ipc::align_record(sizeof(ipc::RecordHeader) + kListedTopics[1].size() + sizeof("\"honest\"") - 1);

  void open(const std::shared_ptr<daemon::Client>& client, std::uint64_t lane_id,
            const ipc::Descriptor& memory) {
    require(intake_.open_lane(client, lane_id, 0, memory, ScriptedLane::kCapacityBytes),
            "there is room for a lane");
  }

  void round() {
    intake_.round();
    outbox_.hand_over();  // what is older than send_timeout ends here
    for (const auto& malformed : intake_.take_malformed()) {
      require(!malformed.why.empty(), "a damage has a name");
      ++reported_;
    }
    require_equation();
  }

  void require_equation() {
    const std::uint64_t accepted = arena_.accepted();
    require(accepted == arena_.delivered() + arena_.waiting() + arena_.dead() + arena_.spooled(),
            "the equation holds");
    if (++rounds_ % kRoundsAnAudit != 0) return;
    const daemon::Arena::Audit audit = arena_.audit();
    require(audit.accepted == accepted && audit.delivered == arena_.delivered() &&
                audit.dead == arena_.dead() && audit.spooled == arena_.spooled() &&
                audit.waiting == arena_.waiting() && audit.topics == arena_.totals(),
            "the arena's memory says the same");
  }

  static constexpr std::uint64_t kRoundsAnAudit = 4096;  // it walks the whole arena

  const daemon::InstanceConfig config_ = config();
  ipc::InstanceBoardWriter board_{config_.name};
  daemon::Arena arena_{config_.buffer_size_bytes, config_.max_event_size_bytes};
  daemon::Topics topics_{config_, board_, arena_};
  daemon::WaitingRecords records_{arena_, nullptr, nullptr};
  daemon::Burial burial_{config_.name, records_, nullptr};
  daemon::Overflow overflow_{config_, records_, topics_};
  daemon::Replays replays_{config_, records_, topics_, nullptr};
  daemon::Delivery delivery_{config_.name, {records_, topics_, burial_, overflow_, replays_}};
  kafka::Outbox outbox_{outbox_config(config_), delivery_};
  daemon::Intake intake_{config_, {arena_, topics_, burial_, outbox_}};
  std::shared_ptr<daemon::Client> honest_client_ = test::make_client(1);
  test::HonestLane honest_{honest_client_, 2, 0};
  std::uint64_t honest_bytes_ = 0;
  LaneMemory scripted_memory_;
  std::uint64_t last_id_ = 2;
  std::uint64_t reported_ = 0;
  std::uint64_t rounds_ = 0;
};

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Never destroyed: librdkafka's threads would be waited for at each end of a run.
  static auto& bench = *[] {
    spdlog::set_level(spdlog::level::off);
    return new ringpost::fuzz::Bench;
  }();
  bench.serve(ringpost::fuzz::Input(data, size));
  return 0;
}
