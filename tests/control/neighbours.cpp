#include "tests/control/neighbours.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

// Between two events: enough of them to see order and loss, and few enough for the cluster to keep them all.
constexpr std::chrono::microseconds kPace{500};

}  // namespace

Neighbours::Neighbours(const Daemon& daemon, std::string instance, int count)
    : daemon_(daemon), instance_(std::move(instance)) {
  for (int number = 0; number < count; ++number) {
    auto neighbour = std::make_unique<Neighbour>();
    neighbour->key = "neighbour-" + std::to_string(number);
    neighbour->publisher = std::make_unique<Publisher>(daemon.socket());
    neighbours_.push_back(std::move(neighbour));
  }
  for (const auto& neighbour : neighbours_) {
    neighbour->thread = std::thread([this, one = neighbour.get()] { publish(*one); });
  }
}

Neighbours::~Neighbours() { stop(); }

void Neighbours::stop() {
  stopping_ = true;
  for (const auto& neighbour : neighbours_) {
    if (neighbour->thread.joinable()) neighbour->thread.join();
  }
}

void Neighbours::publish(Neighbour& neighbour) {
  while (!stopping_) {
    const int code = neighbour.publisher->publish_patiently(
        {instance_, "orders", std::to_string(neighbour.accepted.load()), neighbour.key, {}});
    if (code != 0) {
      neighbour.refused_for_good = code;
      return;
    }
    ++neighbour.accepted;
    std::this_thread::sleep_for(kPace);
  }
}

std::uint64_t Neighbours::accepted() const {
  std::uint64_t accepted = 0;
  for (const auto& neighbour : neighbours_) accepted += neighbour->accepted;
  return accepted;
}

bool Neighbours::go_on(std::uint64_t events) const {
  std::vector<std::uint64_t> goals;
  goals.reserve(neighbours_.size());
  for (const auto& neighbour : neighbours_) goals.push_back(neighbour->accepted + events);
  return wait_until([&] {
    for (std::size_t at = 0; at < goals.size(); ++at) {
      if (neighbours_[at]->accepted < goals[at]) return false;
    }
    return true;
  });
}

std::string Neighbours::fault() {
  stop();
  for (const auto& neighbour : neighbours_) {
    if (neighbour->refused_for_good != 0) {
      return neighbour->key + " was refused with " + ringpost_error_name(neighbour->refused_for_good);
    }
  }
  if (!wait_until([this] { return daemon_.status(instance_).waiting == 0; })) return "events go on waiting";
  std::map<std::string, std::uint64_t> next;
  for (const Record& record : daemon_.consume(instance_, "orders")) {
    if (!record.key || !record.key->starts_with("neighbour-")) continue;
    const std::string expected = std::to_string(next[*record.key]++);
    if (record.message != expected)
      return *record.key + ": " + record.message + " came where " + expected + " was due";
  }
  for (const auto& neighbour : neighbours_) {
    if (next[neighbour->key] != neighbour->accepted) {
      return neighbour->key + ": " + std::to_string(next[neighbour->key]) + " of " +
             std::to_string(neighbour->accepted) + " arrived";
    }
  }
  return {};
}

}  // namespace ringpost::tests
