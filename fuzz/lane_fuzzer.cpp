// Lanes as the drain reads them: LaneReader, LaneFeed, parse_record, the merge, the JSON check. One lane does what the
// input says (scripted_lane.hpp), another one is an honest client's. Whatever the first does:
//   - what is consumed is what was copied, byte by byte, though it changes in the lane afterwards;
//   - it comes in the order (stamp, lane), within a lane by sequence and without a gap, with stamps that never fall;
//   - it is bounded: what is held of a lane is never more than the lane;
//   - all that is honest arrives, in order, and there is an end.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "client-lib/json_check.hpp"
#include "daemon/instance/drain.hpp"
#include "fuzz/require.hpp"
#include "fuzz/scripted_lane.hpp"
#include "ipc/clock.hpp"
#include "tests/instance/lanes.hpp"

namespace ringpost::fuzz {
namespace {

constexpr std::uint64_t kHonestId = 1;
constexpr std::uint64_t kScriptedId = 2;
constexpr std::uint32_t kHonestSlot = 0;
constexpr std::uint32_t kScriptedSlot = 1;
constexpr std::size_t kRoundsMax = 10'000;  // more than the smallest budget needs for a full lane

struct Consumed {
  std::uint64_t end_position = 0;
  std::vector<std::byte> bytes;
};

// A record put together again from what the parser took out of it: the same bytes but for the padding.
void require_rebuilds(const ipc::RecordView& view, std::span<const std::byte> bytes) {
  std::vector<std::byte> rebuilt(sizeof view.header);
  std::memcpy(rebuilt.data(), &view.header, sizeof view.header);
  const auto add = [&rebuilt](std::string_view part) {
    const auto* begin = reinterpret_cast<const std::byte*>(part.data());
    rebuilt.insert(rebuilt.end(), begin, begin + part.size());
  };
  add(view.topic);
  if (view.key) add(*view.key);
  std::size_t count = 0;
  ipc::HeaderReader reader(view.headers);
  while (const auto field = reader.next()) {
    const std::size_t at = rebuilt.size();
    rebuilt.resize(at + ipc::header_field_bytes(*field));
    ipc::write_header_field(rebuilt.data() + at, *field);
    ++count;
  }
  add(view.message);
  require(count == view.header.header_count, "the headers are as many as the record says");
  require(ipc::is_topic_name(view.topic), "a topic has a topic's form");
  require(ipc::align_record(rebuilt.size()) == bytes.size(), "the parts are the whole");
  require(std::equal(rebuilt.begin(), rebuilt.end(), bytes.begin()), "parts are where they were");
}

// What lives on from input to input: an honest client, and the memory that the others write.
struct Residents {
  std::shared_ptr<daemon::Client> client = test::make_client(1);
  test::HonestLane honest{client, kHonestId, kHonestSlot};
  std::unique_ptr<daemon::LaneFeed> honest_feed = honest.feed();
  std::uint64_t honest_written = 0;
  std::uint64_t honest_seen = 0;
  LaneMemory scripted_memory;
};

class Bench {
 public:
  Bench(Residents& residents, Input& input)
      : residents_(residents), drain_(budget_of(input)), scripted_(residents.scripted_memory, input) {
    sequence_[kHonestSlot] = residents_.honest_seen;
    drain_.feeds().push_back(std::move(residents_.honest_feed));
    drain_.feeds().push_back(std::make_unique<daemon::LaneFeed>(
        residents_.client, kScriptedId, kScriptedSlot, scripted_.memory(), ScriptedLane::kCapacityBytes));
  }

  void run() {
    while (scripted_.play()) {
      publish_honestly();
      round();
    }
    publish_honestly();
    round();
    std::size_t rounds = 0;
    while (!(honest_feed().empty() && scripted_feed().empty())) {
      require(++rounds < kRoundsMax, "there is an end");
      round();
    }
    require(residents_.honest_seen == residents_.honest_written, "all that is honest has arrived");
    require(!honest_feed().malformed(), "the honest lane is sound");
    require(honest_feed().position() == honest_feed().reader().tail(), "nothing is left of the honest lane");
    residents_.honest_feed = std::move(drain_.feeds()[0]);
  }

 private:
  static daemon::DrainBudget budget_of(Input& input) {
    static constexpr std::array<std::size_t, 4> kCopyBytes = {256u << 10, 4096, 1000, 200};
    static constexpr std::array<std::size_t, 3> kRecords = {16'384, 3, 1};
    const std::uint8_t choice = input.byte();
    return {kCopyBytes[choice % kCopyBytes.size()], kRecords[(choice / 8) % kRecords.size()]};
  }

  daemon::LaneFeed& honest_feed() { return *drain_.feeds()[0]; }
  daemon::LaneFeed& scripted_feed() { return *drain_.feeds()[1]; }

  void publish_honestly() {
    if (residents_.honest.publish("t", std::to_string(residents_.honest_written + 1)))
      ++residents_.honest_written;
  }

  void round() {
    const std::uint64_t copied_before = scripted_feed().reader().copied();
    last_stamp_ns_ = 0;
    last_lane_ = 0;
    drain_.round([this](daemon::LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
      take(feed, stamp_ns, bytes);
      return true;
    });
    require(last_stamp_ns_ <= ipc::monotonic_ns(), "nothing is stamped in the future");

    note_copied(copied_before, scripted_feed().reader().copied());
    for (const Consumed& record : consumed_) {
      const std::uint64_t begin = record.end_position - record.bytes.size();
      require(record.end_position <= copied_.size(), "what is consumed was copied");
      require(std::equal(record.bytes.begin(), record.bytes.end(),
                         copied_.begin() + static_cast<std::ptrdiff_t>(begin)),
              "what is consumed is what was copied");
    }
    consumed_.clear();
    for (const auto& feed : drain_.feeds()) {
      require(feed->held_bytes() <= ScriptedLane::kCapacityBytes,
              "a lane's copies are no more than the lane");
      require(feed->position() <= feed->reader().tail(), "positions are before the tail");
      ipc::LaneReader::release(residents_.client->board.released(feed->slot()), feed->position());
    }
  }

  // From the lane as it is: its client had no turn since it was copied.
  void note_copied(std::uint64_t from, std::uint64_t to) {
    while (from != to) {
      const std::size_t at = from % ScriptedLane::kCapacityBytes;
      const auto part = scripted_.ring().subspan(at, std::min(to - from, ScriptedLane::kCapacityBytes - at));
      copied_.insert(copied_.end(), part.begin(), part.end());
      from += part.size();
    }
  }

  void take(daemon::LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
    require(stamp_ns >= last_stamp_ns_, "a round goes by stamp");
    require(stamp_ns > last_stamp_ns_ || feed.lane_id() >= last_lane_, "equal stamps go by lane");
    last_stamp_ns_ = stamp_ns;
    last_lane_ = feed.lane_id();
    require(stamp_ns >= lane_stamp_ns_[feed.slot()], "within a lane stamps never fall");
    lane_stamp_ns_[feed.slot()] = stamp_ns;

    ipc::RecordView view;
    require(ipc::parse_record(bytes, view) == ipc::RecordError::kNone, "what was taken parses again");
    require(view.header.sequence == ++sequence_[feed.slot()], "sequence numbers have no gap");
    require_rebuilds(view, bytes);
    const json::JsonError error = json::check_json(view.message, ipc::kJsonDepthMax);
    require(error.offset <= view.message.size(), "an error lies in the text");
    if (feed.lane_id() == kHonestId) {
      require(!error, "an honest message is JSON");
      require(view.message == std::to_string(++residents_.honest_seen), "what is honest comes in order");
    } else {
      consumed_.push_back({feed.position_behind_front(), {bytes.begin(), bytes.end()}});
    }
  }

  Residents& residents_;
  daemon::Drain drain_;
  ScriptedLane scripted_;
  std::vector<std::byte> copied_;   // of the scripted lane, from its beginning: what each round saw
  std::vector<Consumed> consumed_;  // of it, in this round
  std::array<std::uint64_t, 2> sequence_{};
  std::array<std::int64_t, 2> lane_stamp_ns_{};
  std::int64_t last_stamp_ns_ = 0;
  std::uint64_t last_lane_ = 0;
};

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringpost::fuzz::Input input(data, size);
  static ringpost::fuzz::Residents residents;
  ringpost::fuzz::Bench(residents, input).run();
  return 0;
}
