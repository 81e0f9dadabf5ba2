// What Kafka does not take of an instance, as far as is known: for each topic that the brokers refuse as such, or that librdkafka
// gave up on, the latest refusal; and why a producer got no id, or came to its end by itself. One thread's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
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
  std::uint64_t news() const { return news_; }           // moves with each that begins or says something else
  std::vector<Trouble> since(std::uint64_t news) const;  // what has begun, or says something else, since then

  // All in one line, the producer's first; of many topics the first ones, and how many more there are.
  std::string text() const;

 private:
  struct Entry {
    Trouble trouble;
    std::uint64_t producer;
    std::int64_t noted_ns;
    std::uint64_t news;
  };

  // Asked for each record that is delivered: however many topics are in trouble, two look-ups.
  std::map<std::string, Entry, std::less<>> entries_;  // by topic
  std::uint64_t news_ = 0;
};

}  // namespace ringpost::kafka
