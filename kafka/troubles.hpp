// What Kafka does not take of an instance, as far as is known: for each topic that the brokers refuse as such, or that librdkafka
// gave up on, the latest refusal; and why a producer got no id, or came to its end by itself. One thread's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::kafka {

struct Trouble {
  std::string topic;  // empty: the producer's
  std::string text;   // "orders: TOPIC_AUTHORIZATION_FAILED (29): ...", for people
  int code = 0;       // librdkafka's; 0: it gave none
};

class Troubles {
 public:
  // In place of what was there of its topic, or of the producer. Producers are counted: what `producer` and those before it
  // deliver proves nothing.
  void note(Trouble trouble, std::uint64_t producer, std::int64_t now_ns);

  // A record of the topic was delivered while `producer` was the latest one: the end of the topic's trouble and of the
  // producer's, if that one is later than the trouble.
  void note_delivered(std::string_view topic, std::uint64_t producer);

  void end(std::string_view topic);
  void end_producers_before(std::int64_t noted_ns);  // the producer's, if it was noted before that

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Trouble& at(std::size_t index) const { return entries_.at(index).trouble; }  // the earliest first
  std::uint64_t changes() const {
    return changes_;
  }  // moves with each that begins, says something else, or ends

  // All in one line; of many topics the first ten, and how many more there are.
  std::string text() const;

 private:
  struct Entry {
    Trouble trouble;
    std::uint64_t producer;
    std::int64_t noted_ns;
  };

  template <typename Over>
  void erase(Over over) {
    if (std::erase_if(entries_, over) != 0) ++changes_;
  }

  std::vector<Entry> entries_;
  std::uint64_t changes_ = 0;
};

}  // namespace ringpost::kafka
