// What one call costs its caller, beside the same message sent as a Unix datagram, through boost::interprocess's queue, and
// beside a bare memcpy. README.md says how to read it, and how to run it against a daemon that is there already.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/cell.hpp"
#include "bench/effort.hpp"
#include "bench/pinning.hpp"
#include "bench/receivers.hpp"
#include "bench/silent_reporter.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::bench {
namespace {

constexpr unsigned kNapUs = 100;

// The daemon of the paced cells: the one that the environment names, or one of our own with a cluster inside it.
struct PacedDaemon {
  PacedDaemon() {
    const char* const socket = std::getenv("RINGPOST_SOCKET");
    const char* const instance = std::getenv("RINGPOST_BENCH_INSTANCE");
    const char* const topic = std::getenv("RINGPOST_BENCH_TOPIC");
    if (socket != nullptr && instance != nullptr && topic != nullptr) {
      target = {socket, instance, topic};
      return;
    }
    const PinnedFor receivers_processor(1);
    own.emplace("[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n");
    own->wait_until_connected("kafkaid");
    target = {own->socket(), "kafkaid", "orders"};
  }

  std::optional<tests::Daemon> own;
  Target target;
};

std::vector<CellShape> shapes(Effort effort) {
  const int rounds = of_effort(effort, 1, 20, 100);
  const std::uint32_t calls = of_effort(effort, 50U, 2'000U, 2'000U);
  const int paced_rounds = of_effort(effort, 1, 3, 12);
  const std::uint32_t paced_calls = of_effort(effort, 50U, 1'000U, 1'000U);  // by all senders together
  std::vector<CellShape> all;
  constexpr std::array kSizes{CrewSize{1, 1}, CrewSize{1, 2}, CrewSize{1, 4}, CrewSize{4, 1}};
  all.reserve(2 * kSizes.size());
  for (const CrewSize size : kSizes) {
    all.push_back({size, false, size.senders() == 1 ? rounds : (rounds + 1) / 2, calls});
  }
  for (const CrewSize size : kSizes) {
    all.push_back({size, true, paced_rounds, paced_calls / size.senders()});
  }
  return all;
}

int main_of(int argc, char** argv) {
  const Effort effort = take_effort(argc, argv);
  initialize_interleaved(argc, argv);

  // All are forked while there is one thread.
  const DatagramReceiver datagrams(1);
  const QueueReceiver queue(1);
  const LaneReceiver lanes(1, kNapUs);
  const PacedDaemon daemon;
  const Target drained{lanes.socket(), LaneReceiver::kInstance, LaneReceiver::kTopic};
  std::printf(
      "200 bytes of JSON and a key of 13. Back to back, lanes are drained by a bare reader that naps %u us "
      "between its "
      "looks; paced, by %s.\n",
      kNapUs, daemon.own ? "ringpostd with a cluster inside it" : "the ringpostd that the environment names");
  double clock_ns = 0;
  for (const CellShape& shape : shapes(effort)) {
    Cell cell(shape, shape.paced ? daemon.target : drained, datagrams, queue);
    cell.run();
    if (clock_ns == 0) clock_ns = cell.clock_ns();
    cell.print(clock_ns);
  }
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
