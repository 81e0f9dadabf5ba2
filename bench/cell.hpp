// One cell of bench_publish: so many senders, back to back or paced, and what each contender came to in it.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/contenders.hpp"
#include "bench/crew.hpp"
#include "bench/samples.hpp"

namespace ringpost::bench {

struct CellShape {
  CrewSize size;
  bool paced = false;       // 10,000 calls a second, by all senders together
  int rounds = 1;           // slices of each contender, in random order
  std::uint32_t calls = 1;  // of each sender in a slice
};

struct Outcome {
  Samples call;      // each timed by itself, clock included
  Samples of_ten;    // ten timed at once, a tenth of it: the clock's share is a tenth, too; saturated only
  Samples intended;  // from the intended time to the end; paced only
  std::uint64_t full = 0;
};

class Cell {
 public:
  Cell(const CellShape& shape, const Target& target, const DatagramReceiver& datagrams,
       const QueueReceiver& queue);

  // Runs what the command line of Google Benchmark chose.
  void run();
  // `clock_ns`: the median of an empty call; 0 where it is not known.
  void print(double clock_ns);
  double clock_ns();  // of this cell; 0: not measured here

 private:
  std::string name() const;
  static void run_registered(benchmark::State& state);
  void run_slice(std::size_t contender);
  void print_row(const char* name, Outcome& outcome) const;
  void print_ratio(std::size_t ours, double clock_ns);
  std::size_t index_of(const char* name) const;

  static Cell* running;

  CellShape shape_;
  Crew crew_;
  std::vector<Outcome> outcomes_;
  double line_before_ns_ = 0;
  double line_after_ns_ = 0;
};

}  // namespace ringpost::bench
