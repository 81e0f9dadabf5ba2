// Which topics an instance has, what is known of them, and what its board tells clients of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/config/config.hpp"
#include "ipc/board.hpp"
#include "kafka/records.hpp"

namespace ringpost::daemon {

class Topics {
 public:
  Topics(const InstanceConfig& config, ipc::InstanceBoardWriter& board);

  // What the drain must know of a record's topic. A name that only a pattern allows gets its place on the
  // board when it is first met.
  struct Rule {
    bool listed = false;
    bool compacted = false;
    std::uint64_t max_event_bytes = 0;
  };
  const Rule& rule(std::string_view topic);

  void learn(std::string_view topic, const kafka::TopicFacts& facts);
  const std::map<std::string, kafka::TopicFacts, std::less<>>& known() const { return known_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };

  const InstanceConfig& config_;
  ipc::InstanceBoardWriter& board_;
  std::unordered_map<std::string, Rule, Hash, std::equal_to<>> rules_;
  std::map<std::string, kafka::TopicFacts, std::less<>> known_;
};

}  // namespace ringpost::daemon
