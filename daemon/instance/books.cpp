#include "daemon/instance/books.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ringpost::daemon {

Totals& Totals::operator+=(const Totals& more) {
  waiting += more.waiting;
  delivered += more.delivered;
  dead += more.dead;
  spooled += more.spooled;
  disk_delivered += more.disk_delivered;
  disk_dead += more.disk_dead;
  disk_foreign += more.disk_foreign;
  return *this;
}

Books::Books(ipc::ArenaBook* table, const std::atomic<std::uint64_t>& selector)
    : table_(table), selector_(&selector) {
  for (std::uint32_t book = 0; book < ipc::kBooksMax; ++book) {
    const std::uint32_t size_bytes = table_[book].name_size.load(std::memory_order_acquire);  // open()
    if (size_bytes > (book == 0 ? 0 : ipc::kTopicNameMaxBytes)) {
      throw std::runtime_error(fmt::format(
          "the arena that was left is damaged: book {} has a name of {} bytes", book, size_bytes));
    }
    if (size_bytes == 0 && book != 0) break;
    count_ = book + 1;
    if (book != 0) numbers_.emplace(name_of(table_[book]), book);
  }
  const std::uint64_t committed = selector_->load(std::memory_order_acquire);  // Arena::commit()
  for (std::uint32_t book = 0; book < count_; ++book) {
    for (ipc::BookTotals& copy : table_[book].totals) {
      if (copy.tag > committed) copy.tag = 0;
    }
  }
}

std::uint32_t Books::open(std::string_view topic) {
  if (topic.empty() || topic.size() > ipc::kTopicNameMaxBytes) return 0;
  const auto found = numbers_.find(topic);
  if (found != numbers_.end()) return found->second;
  if (count_ == ipc::kBooksMax) return 0;
  ipc::ArenaBook& book = table_[count_];
  std::copy(topic.begin(), topic.end(), book.name.begin());
  book.name_size.store(static_cast<std::uint32_t>(topic.size()),
                       std::memory_order_release);  // for a successor
  numbers_.emplace(topic, count_);
  return count_++;
}

std::string_view Books::name_of(const ipc::ArenaBook& book) {
  return {book.name.data(), book.name_size.load(std::memory_order_acquire)};  // open()
}

std::size_t Books::counting(const ipc::ArenaBook& book, std::uint64_t selector) {
  const auto& [first, second] = book.totals;
  return second.tag <= selector && (first.tag > selector || second.tag > first.tag) ? 1 : 0;
}

ipc::BookTotals& Books::change(std::uint32_t book) {
  const std::uint64_t committed = selector_->load(std::memory_order_relaxed);  // this thread's
  const std::size_t counts = counting(table_[book], committed);
  ipc::BookTotals& other = table_[book].totals[1 - counts];
  if (other.tag != committed + 1) {
    // Its tag is at every instant one that does not count: never the other copy's.
    ipc::BookTotals next = table_[book].totals[counts];
    next.tag = committed + 1;
    other = next;
  }
  return other;
}

std::vector<TopicTotals> Books::topics() const {
  std::vector<TopicTotals> topics;
  for (std::uint32_t book = 0; book < ipc::kBooksMax; ++book) {
    const std::string_view name = name_of(table_[book]);
    if (name.empty() && book != 0) break;
    const ipc::BookTotals& gone = totals(book);
    topics.push_back(
        {{0, gone.delivered, gone.dead, gone.spooled, gone.disk_delivered, gone.disk_dead, gone.disk_foreign},
         std::string(name)});
  }
  return topics;
}

}  // namespace ringpost::daemon
