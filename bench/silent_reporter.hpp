// Google Benchmark runs and interleaves; the tables are our own.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace ringpost::bench {

class SilentReporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& /*context*/) override { return true; }
  void ReportRuns(const std::vector<Run>& /*runs*/) override {}
};

// Repetitions in random order, unless the command line says otherwise. Ends the program for what it does not know.
inline void initialize_interleaved(int argc, char** argv) {
  static std::string interleaved = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> arguments{argv[0], interleaved.data()};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) std::exit(64);
}

}  // namespace ringpost::bench
