// What Kafka answers to Metadata requests on one connection, without the brokers where that is wanted: so answers a broker that takes
// all of them for gone, itself too, such as one that had no processor for seconds.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace ringpost::tests {

// request() and answer() may be on two threads.
class MetadataFilter {
 public:
  void request(std::string_view bytes);  // before the broker gets them
  // What goes on to the client: whole answers.
  std::string answer(std::string_view bytes, bool without_brokers);

 private:
  std::mutex mutex_;
  std::string requests_;  // that are not whole yet
  std::string answers_;
  std::map<std::uint32_t, std::uint16_t> asked_;  // Metadata's versions by correlation id
};

}  // namespace ringpost::tests
