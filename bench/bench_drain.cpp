// What the daemon does with a record before Kafka: copied out of its lane, taken apart, merged with the other lanes' by
// stamp, checked, and appended to the arena. Beside it a bare memcpy of the same bytes out of the same lanes.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "bench/effort.hpp"
#include "bench/message.hpp"
#include "bench/pinning.hpp"
#include "bench/silent_reporter.hpp"
#include "client-lib/json_check.hpp"
#include "daemon/instance/arena.hpp"
#include "daemon/instance/drain.hpp"
#include "ipc/clock.hpp"
#include "tests/instance/lanes.hpp"

namespace ringpost::bench {
namespace {

constexpr std::string_view kTopic = "orders";
constexpr std::size_t kRecordsPerLane = 128;
constexpr std::size_t kArenaBytes = 16u << 20;

// How far a record goes.
enum class Depth : std::uint8_t { kMemcpy, kMerge, kArena, kJson };

struct Row {
  Depth depth;
  const char* name;
};
constexpr std::array kRows{
    Row{Depth::kMemcpy, "memcpy of the same bytes"},
    Row{Depth::kMerge, "copy, take apart, merge by stamp"},
    Row{Depth::kArena, "... append to the arena, commit, release"},
    Row{Depth::kJson, "... and the daemon's JSON check: all of it"},
};
constexpr std::array<std::size_t, 3> kLaneCounts{1, 8, 128};

// Lanes and the thread that fills them, on a processor of its own: the drainer finds the lines where a client has them.
class FilledLanes {
 public:
  explicit FilledLanes(std::size_t count) {
    const auto client = test::make_client(1);
    for (std::uint32_t lane = 0; lane < count; ++lane) {
      lanes_.push_back(std::make_unique<test::HonestLane>(client, lane + 1, lane));
      readers_.push_back(std::make_unique<ipc::LaneReader>(lanes_.back()->memory(), test::kLaneBytes));
      boards_.push_back(&client->board.released(lane));
    }
    writer_ = std::thread([this] { write_for_ever(); });
  }
  ~FilledLanes() {
    ending_ = true;
    begin_.release();
    writer_.join();
  }
  FilledLanes(const FilledLanes&) = delete;
  FilledLanes& operator=(const FilledLanes&) = delete;

  // The next events of every lane, each lane's turn after the other's: the merge changes lanes at every record.
  void fill() {
    begin_.release();
    done_.acquire();
  }
  std::size_t records() const { return lanes_.size() * kRecordsPerLane; }
  std::vector<std::unique_ptr<test::HonestLane>>& lanes() { return lanes_; }

  // The floor: nothing but the copy.
  void copy(std::vector<std::byte>& out) {
    for (std::size_t lane = 0; lane < readers_.size(); ++lane) {
      ipc::LaneReader& reader = *readers_[lane];
      if (!reader.look()) std::abort();
      out.clear();
      reader.copy_to(out, reader.unseen_bytes());
      ipc::LaneReader::release(*boards_[lane], reader.copied());
    }
  }

 private:
  void write_for_ever() {
    pin_to_cpu(0);
    for (;;) {
      begin_.acquire();
      if (ending_) return;
      for (std::size_t record = 0; record < kRecordsPerLane; ++record) {
        for (const auto& lane : lanes_) {
          if (!lane->publish(kTopic, kMessage)) std::abort();
        }
      }
      done_.release();
    }
  }

  std::vector<std::unique_ptr<test::HonestLane>> lanes_;
  std::vector<std::unique_ptr<ipc::LaneReader>> readers_;
  std::vector<std::atomic<std::uint64_t>*> boards_;
  std::binary_semaphore begin_{0};
  std::binary_semaphore done_{0};
  bool ending_ = false;  // written before begin_ is released, read after it is acquired
  std::thread writer_;
};

// The daemon's own parts, put together as its intake does.
class Drainer {
 public:
  Drainer(FilledLanes& lanes, Depth depth) : depth_(depth), arena_(kArenaBytes, 1u << 20) {
    for (const auto& lane : lanes.lanes()) drain_.feeds().push_back(lane->feed());
  }

  std::size_t round() {
    const daemon::DrainResult result =
        drain_.round([this](daemon::LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
          return take(feed, stamp_ns, bytes);
        });
    if (depth_ != Depth::kMerge) arena_.commit();
    for (const auto& feed : drain_.feeds()) {
      ipc::LaneReader::release(feed->client().board.released(feed->slot()), feed->position());
    }
    return result.records;
  }
  // As if Kafka had acknowledged all.
  void finish() {
    for (const daemon::Arena::Ticket ticket : tickets_) arena_.finish(ticket, ipc::ArenaState::kDelivered);
    tickets_.clear();
  }

 private:
  bool take(daemon::LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
    if (depth_ == Depth::kMerge) return true;
    if (!arena_.has_room(tenant_, bytes.size())) return false;
    const daemon::Arena::Origin origin{feed.lane_id(), feed.position_behind_front(), stamp_ns, 0};
    tickets_.push_back(arena_.append(origin, tenant_, bytes));
    if (depth_ == Depth::kArena) return true;
    const ipc::RecordView record = arena_.record(tickets_.back());
    return !json::check_json(record.message, ipc::kJsonDepthMax);
  }

  Depth depth_;
  daemon::Drain drain_;
  daemon::Arena arena_;
  daemon::Tenant tenant_ = arena_.add_tenant(kTopic);
  std::vector<daemon::Arena::Ticket> tickets_;
};

// One of the table's figures. Lives on from repetition to repetition, as the daemon does: its arena's pages are touched.
class Measurement {
 public:
  Measurement(Depth depth, std::size_t lane_count, std::size_t warm_up_bytes)
      : depth_(depth), lanes_(lane_count), drainer_(lanes_, depth) {
    for (std::size_t bytes = 0; bytes < warm_up_bytes; bytes += lanes_.records() * kMessage.size())
      fill_and_drain();
  }

  // ns a record of one filling.
  double fill_and_drain() {
    lanes_.fill();
    const std::int64_t begin_ns = ipc::monotonic_ns();
    if (depth_ == Depth::kMemcpy) {
      lanes_.copy(scratch_);
    } else {
      for (std::size_t left = lanes_.records(); left != 0;) left -= drainer_.round();
    }
    const std::int64_t ns = ipc::monotonic_ns() - begin_ns;
    drainer_.finish();
    return static_cast<double>(ns) / static_cast<double>(lanes_.records());
  }

 private:
  Depth depth_;
  FilledLanes lanes_;
  Drainer drainer_;
  std::vector<std::byte> scratch_;
};

struct Result {
  std::vector<double> ns;
  double median_ns() {
    if (ns.empty()) return 0;
    std::sort(ns.begin(), ns.end());
    return ns[ns.size() / 2];
  }
};
std::array<std::array<Result, kLaneCounts.size()>, kRows.size()> results;

void run(benchmark::State& state) {
  const auto row = static_cast<std::size_t>(state.range(0));
  const auto column = static_cast<std::size_t>(state.range(1));
  static std::array<std::array<std::unique_ptr<Measurement>, kLaneCounts.size()>, kRows.size()> measurements;
  std::unique_ptr<Measurement>& measurement = measurements[row][column];
  if (!measurement) {
    measurement = std::make_unique<Measurement>(kRows[row].depth, kLaneCounts[column],
                                                static_cast<std::size_t>(state.range(2)));
  }
  while (state.KeepRunning()) {
    const double ns = measurement->fill_and_drain();
    state.SetIterationTime(ns * 1e-9);
    results[row][column].ns.push_back(ns);
  }
}

void print() {
  std::printf(
      "200 bytes of JSON, no key; the median over all fillings of %zu records a lane; writer on processor 0, "
      "drainer on 1; "
      "ns a record:\n\n| |",
      kRecordsPerLane);
  for (const std::size_t lanes : kLaneCounts) std::printf(" %zu lane%s |", lanes, lanes == 1 ? "" : "s");
  std::printf("\n|---|---:|---:|---:|\n");
  for (std::size_t row = 0; row < kRows.size(); ++row) {
    std::printf("| %s |", kRows[row].name);
    for (Result& result : results[row]) std::printf(" %.1f |", result.median_ns());
    std::printf("\n");
  }
  std::printf("\n- all of it / memcpy:");
  for (std::size_t column = 0; column < kLaneCounts.size(); ++column) {
    std::printf(" **%.1f** over %zu%s", results.back()[column].median_ns() / results[0][column].median_ns(),
                kLaneCounts[column], column + 1 < kLaneCounts.size() ? "," : " lanes\n");
  }
}

int main_of(int argc, char** argv) {
  const Effort effort = take_effort(argc, argv);
  initialize_interleaved(argc, argv);
  json::warm_up_json_check();
  pin_to_cpu(1);
  const std::int64_t warm_up_bytes =
      of_effort<std::int64_t>(effort, 0, 3 * kArenaBytes / 2, 3 * kArenaBytes / 2);
  for (std::size_t row = 0; row < kRows.size(); ++row) {
    for (std::size_t column = 0; column < kLaneCounts.size(); ++column) {
      // As many records of each.
      const int fillings =
          std::max(1, of_effort(effort, 1, 100, 400) / static_cast<int>(kLaneCounts[column]));
      benchmark::RegisterBenchmark("drain", run)
          ->Args({static_cast<std::int64_t>(row), static_cast<std::int64_t>(column), warm_up_bytes})
          ->UseManualTime()
          ->Iterations(fillings)
          ->Repetitions(of_effort(effort, 1, 5, 20));
    }
  }
  SilentReporter silent;
  benchmark::RunSpecifiedBenchmarks(&silent);
  print();
  return 0;
}

}  // namespace
}  // namespace ringpost::bench

int main(int argc, char** argv) {
  try {
    return ringpost::bench::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_drain: %s\n", error.what());
    return 1;
  }
}
