#include "kafka/troubles.hpp"

#include <cstddef>
#include <utility>

namespace ringpost::kafka {
namespace {

constexpr std::size_t kShownMax = 10;  // scripts can make up topics without end

}  // namespace

void Troubles::note(Trouble trouble, std::uint64_t producer, std::int64_t now_ns) {
  const auto found = entries_.find(trouble.topic);
  const bool is_new = found == entries_.end() || found->second.trouble.text != trouble.text;
  const std::uint64_t news = is_new ? ++news_ : found->second.news;
  std::string topic = trouble.topic;
  entries_.insert_or_assign(std::move(topic), Entry{std::move(trouble), producer, now_ns, news});
}

void Troubles::note_delivered(std::string_view topic, std::uint64_t producer) {
  for (const std::string_view whose : {std::string_view(), topic}) {
    const auto found = entries_.find(whose);
    if (found != entries_.end() && producer > found->second.producer) entries_.erase(found);
  }
}

void Troubles::end(std::string_view topic) {
  const auto found = entries_.find(topic);
  if (found != entries_.end()) entries_.erase(found);
}

void Troubles::end_producers_before(std::int64_t noted_ns) {
  const auto found = entries_.find(std::string_view());
  if (found != entries_.end() && found->second.noted_ns < noted_ns) entries_.erase(found);
}

std::vector<Trouble> Troubles::since(std::uint64_t news) const {
  std::vector<Trouble> troubles;
  for (const auto& [topic, entry] : entries_) {
    if (entry.news > news) troubles.push_back(entry.trouble);
  }
  return troubles;
}

std::string Troubles::text() const {
  std::string text;
  std::size_t shown = 0;
  for (const auto& [topic, entry] : entries_) {
    if (shown == kShownMax) return text + "; and " + std::to_string(entries_.size() - shown) + " more topics";
    text += (shown++ == 0 ? "" : "; ") + entry.trouble.text;
  }
  return text;
}

}  // namespace ringpost::kafka
