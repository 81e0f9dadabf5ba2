#include "bench/contenders.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "bench/message.hpp"
#include "client-lib/ringpost.hpp"

namespace ringpost::bench {
namespace {

constexpr std::size_t kFloorBytes = 4u << 20;  // as large as a lane
constexpr std::size_t kRecordBytes = 320;      // as far as a record of ours reaches

// What a process needs for events of ours; never taken down, as the process is killed.
struct Ours {
  explicit Ours(const Target& to) : target(to), client(Options{target.socket.c_str(), "bench", 0}) {
    event.instance = target.instance.c_str();
    event.topic = target.topic.c_str();
    event.message = kMessage.data();
    event.message_size = kMessage.size();
    event.key = kKey.data();
    event.key_size = kKey.size();
    to_come = event;
    to_come.message = nullptr;
    with_headers = event;
    with_headers.headers = headers.data();
    with_headers.header_count = headers.size();
  }

  const Target target;
  Client client;
  ringpost_event event{};
  ringpost_event to_come{};
  ringpost_event with_headers{};
  const std::array<ringpost_header, 2> headers{header("header1", "header1-value"),
                                               header("header2", "header2-value")};
};

Sent result(int code) {
  if (code == RINGPOST_OK) return Sent::kYes;
  if (code == RINGPOST_BUFFER_FULL) return Sent::kFull;
  throw std::runtime_error(last_error_message());
}

Sent send_raw(const Ours& ours) {
  ringpost_reservation reservation;
  const int code = ringpost_reserve(ours.client.handle(), &ours.to_come, &reservation);
  if (code != RINGPOST_OK) return result(code);
  std::memcpy(reservation.text, kMessage.data(), kMessage.size());
  return result(ringpost_commit(ours.client.handle(), &reservation, kMessage.size(), RINGPOST_JSON_CHECKED));
}

// One sender only: it keeps its place between calls.
Send make_floor() {
  struct Floor {
    std::unique_ptr<char[]> ring{new char[kFloorBytes]()};
    std::size_t at = 0;
  };
  return [floor = std::make_shared<Floor>()] {
    std::memcpy(floor->ring.get() + floor->at, kMessage.data(), kMessage.size());
    benchmark::ClobberMemory();
    floor->at = (floor->at + kRecordBytes) % (kFloorBytes - kRecordBytes);
    return Sent::kYes;
  };
}

}  // namespace

const std::vector<Contender>& contenders() {
  static const std::vector<Contender> all{
      {"clock", false},       {"memcpy", false},
      {"datagram", true},     {"message_queue", true},
      {"ringpost raw", true}, {"ringpost unchecked", false},
      {"ringpost", true},     {"ringpost, 2 headers", false},
  };
  return all;
}

std::vector<Send> make_sends(const Target& target, const DatagramReceiver& datagrams,
                             const QueueReceiver& queue) {
  const auto ours = std::make_shared<const Ours>(target);
  return {
      [] { return Sent::kYes; },
      make_floor(),
      [&datagrams] { return datagrams.send(kMessage) ? Sent::kYes : Sent::kFull; },
      [&queue] { return queue.send(kMessage) ? Sent::kYes : Sent::kFull; },
      [ours] { return send_raw(*ours); },
      [ours] {
        return result(ringpost_publish_flagged(ours->client.handle(), &ours->event, RINGPOST_JSON_CHECKED));
      },
      [ours] { return result(ringpost_publish(ours->client.handle(), &ours->event)); },
      [ours] { return result(ringpost_publish(ours->client.handle(), &ours->with_headers)); },
  };
}

}  // namespace ringpost::bench
