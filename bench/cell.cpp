#include "bench/cell.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "bench/line_round_trip.hpp"
#include "bench/silent_reporter.hpp"

namespace ringpost::bench {
namespace {

constexpr std::int64_t kPacedIntervalNs = 100'000;  // 10,000 a second
constexpr std::uint32_t kAtOnce = 10;
constexpr useconds_t kPauseUs = 2'000;  // between slices: the receivers come to rest

std::string count(unsigned number, const char* thing, const char* things) {
  return std::to_string(number) + " " + (number == 1 ? thing : things);
}

double less(double ns, double clock_ns) { return ns > clock_ns ? ns - clock_ns : 1; }

}  // namespace

Cell::Cell(const CellShape& shape, const Target& target, const DatagramReceiver& datagrams,
           const QueueReceiver& queue)
    : shape_(shape),
      crew_(shape.size, [&] { return make_sends(target, datagrams, queue); }),
      outcomes_(contenders().size()) {}

std::string Cell::name() const {
  return std::string(shape_.paced ? "10,000/s" : "back to back") + ", " +
         count(shape_.size.processes, "process", "processes") + " of " +
         count(shape_.size.threads, "thread", "threads");
}

void Cell::run_slice(std::size_t contender) {
  Outcome& outcome = outcomes_[contender];
  Slice slice{contender, shape_.calls, 1, shape_.paced ? kPacedIntervalNs * shape_.size.senders() : 0};
  crew_.run(slice);
  for (const Crew::Record& record : crew_.records()) {
    outcome.call.add({record.service_ns, record.samples});
    if (shape_.paced) outcome.intended.add({record.late_ns, record.samples});
    outcome.full += record.full;
  }
  ::usleep(kPauseUs);
  if (shape_.paced) return;
  slice.at_once = kAtOnce;
  crew_.run(slice);
  for (const Crew::Record& record : crew_.records()) outcome.of_ten.add({record.service_ns, record.samples});
  ::usleep(kPauseUs);
}

// Google Benchmark takes a function; one cell runs at a time.
Cell* Cell::running = nullptr;

void Cell::run_registered(benchmark::State& state) {
  const auto contender = static_cast<std::size_t>(state.range(0));
  while (state.KeepRunning()) {
    running->run_slice(contender);
    state.SetIterationTime(1e-9 * running->outcomes_[contender].call.percentile_ns(0.5));
  }
}

void Cell::run() {
  benchmark::ClearRegisteredBenchmarks();
  for (std::size_t contender = 0; contender < contenders().size(); ++contender) {
    if (shape_.size.senders() != 1 && !contenders()[contender].in_every_cell) continue;
    // The first slice touches what is touched for the first time, and is not counted.
    crew_.run({contender, 10, 1, 0});
    benchmark::RegisterBenchmark((name() + "/" + contenders()[contender].name).c_str(), run_registered)
        ->Arg(static_cast<std::int64_t>(contender))
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(shape_.rounds);
  }
  running = this;
  line_before_ns_ = line_round_trip_ns();
  SilentReporter silent;
  benchmark::RunSpecifiedBenchmarks(&silent);
  line_after_ns_ = line_round_trip_ns();
}

std::size_t Cell::index_of(const char* name) const {
  std::size_t at = 0;
  while (std::strcmp(contenders()[at].name, name) != 0) ++at;
  return at;
}

double Cell::clock_ns() { return outcomes_[index_of("clock")].call.percentile_ns(0.5); }

void Cell::print_row(const char* row, Outcome& outcome) const {
  std::printf("| %s | %u |", row, outcome.call.percentile_ns(0.5));
  if (!shape_.paced) std::printf(" %.1f |", outcome.of_ten.percentile_ns(0.5) / double{kAtOnce});
  std::printf(" %u | %u | %u |", outcome.call.percentile_ns(0.99), outcome.call.percentile_ns(0.999),
              outcome.call.percentile_ns(1));
  if (shape_.paced) {
    std::printf(" %u | %u |", outcome.intended.percentile_ns(0.5), outcome.intended.percentile_ns(0.999));
  }
  std::printf(" %llu |\n", static_cast<unsigned long long>(outcome.full));
}

void Cell::print_ratio(std::size_t ours, double clock_ns) {
  Outcome& datagram = outcomes_[index_of("datagram")];
  Outcome& mine = outcomes_[ours];
  if (datagram.call.empty() || mine.call.empty()) return;
  const double theirs_ns = datagram.call.percentile_ns(0.5);
  const double ours_ns = mine.call.percentile_ns(0.5);
  std::printf("- p50 of a datagram / p50 of %s: **%.1f** as timed", contenders()[ours].name,
              theirs_ns / ours_ns);
  if (clock_ns != 0) {
    std::printf(", **%.1f** without the clock's %.0f ns", less(theirs_ns, clock_ns) / less(ours_ns, clock_ns),
                clock_ns);
  }
  if (!datagram.of_ten.empty()) {
    std::printf(", **%.1f** of ten at once",
                static_cast<double>(datagram.of_ten.percentile_ns(0.5)) / mine.of_ten.percentile_ns(0.5));
  }
  std::printf("\n");
}

void Cell::print(double clock_ns) {
  std::printf("\n**%s** (%s; line round trip %.0f ns before, %.0f after), ns a call:\n\n", name().c_str(),
              shape_.size.senders() == 1 ? "sender on processor 0, receivers on 1"
                                         : "senders anywhere, receivers on 1",
              line_before_ns_, line_after_ns_);
  std::printf(shape_.paced
                  ? "| | p50 | p99 | p99.9 | max | p50 from intended | p99.9 from intended | FULL |\n"
                    "|---|---:|---:|---:|---:|---:|---:|---:|\n"
                  : "| | p50 | p50 of ten at once | p99 | p99.9 | max | FULL |\n"
                    "|---|---:|---:|---:|---:|---:|---:|\n");
  for (std::size_t at = 0; at < outcomes_.size(); ++at) {
    if (!outcomes_[at].call.empty()) print_row(contenders()[at].name, outcomes_[at]);
  }
  std::printf("\n");
  print_ratio(index_of("ringpost raw"), clock_ns);
  print_ratio(index_of("ringpost"), clock_ns);
  std::fflush(stdout);
}

}  // namespace ringpost::bench
