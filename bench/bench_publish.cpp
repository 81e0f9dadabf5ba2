// What one call costs its caller, beside the same message sent as a Unix datagram and beside a bare memcpy.
// All contenders run interleaved in one run; README.md says how to read it, and how to run it against a daemon.
#include <benchmark/benchmark.h>
#include <sched.h>
#include <sys/utsname.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/datagram_peer.hpp"
#include "bench/lane_peer.hpp"
#include "bench/message.hpp"
#include "bench/pinning.hpp"
#include "bench/samples.hpp"
#include "client-lib/ringpost.hpp"
#include "ipc/clock.hpp"

namespace ringpost::bench {
namespace {

constexpr std::size_t kSamplesMax = 4u << 20;
constexpr std::size_t kLaneBytes = 4u << 20;
constexpr unsigned kLanes = 3;
constexpr unsigned kNapUs = 100;
constexpr std::size_t kSliceCalls = 2'000;  // of one contender, then a pause in which its receiver catches up

enum class Sent { kYes, kFull };

// Sends one message, or says that there was no room.
using Send = std::function<Sent()>;

struct Contender {
  const char* name;
  Send send;
  Samples samples{kSamplesMax};
};

std::vector<std::unique_ptr<Contender>> contenders;

// Each call is timed by itself, clock included: the row "clock" shows what that adds to every other row.
void run(benchmark::State& state) {
  Contender& contender = *contenders[static_cast<std::size_t>(state.range(0))];
  std::size_t calls = 0;
  while (state.KeepRunning()) {
    const std::int64_t begin = ipc::monotonic_ns();
    const Sent sent = contender.send();
    const std::int64_t ns = ipc::monotonic_ns() - begin;
    state.SetIterationTime(static_cast<double>(ns) * 1e-9);
    if (sent == Sent::kFull) {
      contender.samples.add_full();
      ::sched_yield();
      continue;
    }
    contender.samples.add(ns);
    // Paced in slices: a receiver that is outrun would have us measure its own speed.
    if (++calls % kSliceCalls == 0) ::usleep(kNapUs);
  }
}

void add(const char* name, Send send) {
  contenders.push_back(std::make_unique<Contender>(Contender{name, std::move(send)}));
  const auto index = static_cast<std::int64_t>(contenders.size()) - 1;
  benchmark::RegisterBenchmark(name, run)->Arg(index)->UseManualTime()->Iterations(100'000);
}

ringpost_event make_event(const char* instance, const char* topic) {
  ringpost_event event{};
  event.instance = instance;
  event.topic = topic;
  event.message = kMessage.data();
  event.message_size = kMessage.size();
  event.key = "customer-4711";
  event.key_size = 13;
  return event;
}

Sent result(int code) {
  if (code == RINGPOST_OK) return Sent::kYes;
  if (code == RINGPOST_BUFFER_FULL) return Sent::kFull;
  std::fprintf(stderr, "%s\n", last_error_message());
  std::exit(1);
}

void add_ours(ringpost_handle* handle, const char* instance, const char* topic) {
  static const ringpost_event event = make_event(instance, topic);
  static ringpost_event to_come = event;
  to_come.message = nullptr;
  static const std::array headers{header("header1", "header1-value"), header("header2", "header2-value")};
  static ringpost_event with_headers = event;
  with_headers.headers = headers.data();
  with_headers.header_count = headers.size();

  add("ringpost/raw", [handle] {
    ringpost_reservation reservation;
    const int code = ringpost_reserve(handle, &to_come, &reservation);
    if (code != RINGPOST_OK) return result(code);
    std::memcpy(reservation.text, kMessage.data(), kMessage.size());
    return result(ringpost_commit(handle, &reservation, kMessage.size(), RINGPOST_JSON_CHECKED));
  });
  add("ringpost/unchecked",
      [handle] { return result(ringpost_publish_flagged(handle, &event, RINGPOST_JSON_CHECKED)); });
  add("ringpost/checked", [handle] { return result(ringpost_publish(handle, &event)); });
  add("ringpost/2_headers", [handle] { return result(ringpost_publish(handle, &with_headers)); });
}

void add_floors() {
  add("clock", [] { return Sent::kYes; });
  add("memcpy", [] {
    static const std::unique_ptr<char[]> ring(new char[kLaneBytes]());
    static std::size_t at = 0;
    std::memcpy(ring.get() + at, kMessage.data(), kMessage.size());
    benchmark::ClobberMemory();
    at = (at + 320) % (kLaneBytes - 320);  // as far as a record reaches
    return Sent::kYes;
  });
}

Samples* samples_of(const char* name) {
  for (const auto& contender : contenders) {
    if (std::strcmp(contender->name, name) == 0 && !contender->samples.empty()) return &contender->samples;
  }
  return nullptr;
}

void report_ratio(const char* name, Samples& datagram, Samples& ours, std::uint32_t clock_ns) {
  const double theirs_ns = datagram.percentile_ns(0.5);
  const double ours_ns = ours.percentile_ns(0.5);
  std::printf("p50 of a datagram / p50 of %s: %.1f, without the clock %.1f\n", name, theirs_ns / ours_ns,
              (theirs_ns - clock_ns) / (ours_ns - clock_ns));
}

void report(bool pinned) {
  utsname machine{};
  ::uname(&machine);
  std::printf("\n%zu bytes of JSON and a key; ns a call, clock included; Linux %s, %ld processors, %s\n",
              kMessage.size(), machine.release, ::sysconf(_SC_NPROCESSORS_ONLN),
              pinned ? "sender on 0, receivers on 1" : "not pinned");
  std::printf("%-20s %8s %8s %8s %10s %10s\n", "", "p50", "p99", "p99.9", "max", "FULL");
  for (const auto& contender : contenders) {
    Samples& samples = contender->samples;
    if (samples.empty()) continue;
    std::printf("%-20s %8u %8u %8u %10u %10llu\n", contender->name, samples.percentile_ns(0.5),
                samples.percentile_ns(0.99), samples.percentile_ns(0.999), samples.max_ns(),
                static_cast<unsigned long long>(samples.full()));
  }
  Samples* const clock = samples_of("clock");
  Samples* const datagram = samples_of("datagram");
  if (datagram == nullptr) return;
  for (const char* name : {"ringpost/raw", "ringpost/checked"}) {
    Samples* const ours = samples_of(name);
    if (ours == nullptr) continue;
    report_ratio(name, *datagram, *ours, clock != nullptr ? clock->percentile_ns(0.5) : 0);
  }
}

// Interleaved and repeated, unless the command line says otherwise.
std::vector<char*> with_defaults(int argc, char** argv) {
  static std::array<std::string, 3> defaults = {"--benchmark_enable_random_interleaving=true",
                                                "--benchmark_repetitions=20",
                                                "--benchmark_report_aggregates_only=true"};
  std::vector<char*> arguments{argv[0]};
  for (std::string& argument : defaults) arguments.push_back(argument.data());
  for (int at = 1; at < argc; ++at) arguments.push_back(argv[at]);
  return arguments;
}

int main_of(int argc, char** argv) {
  std::vector<char*> arguments = with_defaults(argc, argv);
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;

  const char* const instance = std::getenv("RINGPOST_BENCH_INSTANCE");
  const char* const topic = std::getenv("RINGPOST_BENCH_TOPIC");
  // The receivers are forked while there is one thread.
  DatagramPeer datagrams;
  LanePeer lanes(kLaneBytes, kLanes, kNapUs);
  Client daemon(nullptr);
  add_floors();
  add("datagram", [&datagrams] { return datagrams.send(kMessage) ? Sent::kYes : Sent::kFull; });
  if (instance != nullptr && topic != nullptr) {
    if (daemon.open()) {
      std::fprintf(stderr, "%s\n", last_error_message());
      return 1;
    }
    add_ours(daemon.handle(), instance, topic);
  } else {
    add_ours(lanes.handle(), LanePeer::kInstance, LanePeer::kTopic);
  }
  const bool pinned = pin_to_cpu(0);
  benchmark::RunSpecifiedBenchmarks();
  report(pinned);
  return 0;
}

}  // namespace
}  // namespace ringpost::bench

int main(int argc, char** argv) {
  try {
    return ringpost::bench::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_publish: %s\n", error.what());
    return 1;
  }
}
