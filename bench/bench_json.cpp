// The JSON check beside simdjson's DOM (which also builds a document, and refuses some valid texts) and beside the UTF-8
// validation alone, which is a part of ours.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <string>

#include "bench/message.hpp"
#include "client-lib/json_check.hpp"
#include "ipc/limits.hpp"

namespace ringpost::bench {
namespace {

// One message, or an array of so many.
std::string text_of(std::int64_t messages) {
  if (messages == 1) return std::string(kMessage);
  std::string text = "[";
  for (std::int64_t at = 0; at < messages; ++at) text.append(at == 0 ? "" : ",").append(kMessage);
  return text + "]";
}

void finish(benchmark::State& state, const std::string& text) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}

void check(benchmark::State& state) {
  const std::string text = text_of(state.range(0));
  while (state.KeepRunning()) benchmark::DoNotOptimize(json::check_json(text, ipc::kJsonDepthMax));
  finish(state, text);
}

void simdjson_dom(benchmark::State& state) {
  const std::string text = text_of(state.range(0));
  const simdjson::padded_string padded(text);
  simdjson::dom::parser parser;
  while (state.KeepRunning()) benchmark::DoNotOptimize(parser.parse(padded).error());
  finish(state, text);
}

void utf8_only(benchmark::State& state) {
  const std::string text = text_of(state.range(0));
  while (state.KeepRunning()) benchmark::DoNotOptimize(simdjson::validate_utf8(text.data(), text.size()));
  finish(state, text);
}

BENCHMARK(check)->Arg(1)->Arg(10)->Arg(1000);
BENCHMARK(simdjson_dom)->Arg(1)->Arg(10)->Arg(1000);
BENCHMARK(utf8_only)->Arg(1)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace ringpost::bench

BENCHMARK_MAIN();
