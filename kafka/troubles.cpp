#include "kafka/troubles.hpp"

#include <algorithm>
#include <utility>

namespace ringpost::kafka {
namespace {

constexpr std::size_t kShownMax = 10;  // scripts can make up topics without end

}  // namespace

void Troubles::note(Trouble trouble, std::uint64_t producer, std::int64_t now_ns) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&trouble](const Entry& entry) {
    return entry.trouble.topic == trouble.topic;
  });
  if (found == entries_.end()) {
    entries_.push_back({std::move(trouble), producer, now_ns});
    ++changes_;
    return;
  }
  if (found->trouble.text != trouble.text) ++changes_;
  *found = {std::move(trouble), producer, now_ns};
}

void Troubles::note_delivered(std::string_view topic, std::uint64_t producer) {
  erase([topic, producer](const Entry& entry) {
    return (entry.trouble.topic.empty() || entry.trouble.topic == topic) && producer > entry.producer;
  });
}

void Troubles::end(std::string_view topic) {
  erase([topic](const Entry& entry) { return entry.trouble.topic == topic; });
}

void Troubles::end_producers_before(std::int64_t noted_ns) {
  erase([noted_ns](const Entry& entry) { return entry.trouble.topic.empty() && entry.noted_ns < noted_ns; });
}

std::string Troubles::text() const {
  std::string text;
  for (std::size_t index = 0; index < std::min(size(), kShownMax); ++index) {
    text += (index == 0 ? "" : "; ") + at(index).text;
  }
  if (size() > kShownMax) text += "; and " + std::to_string(size() - kShownMax) + " more topics";
  return text;
}

}  // namespace ringpost::kafka
