// Which topics an instance has, what is known of them, and what its board tells clients of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/instance/arena.hpp"
#include "daemon/instance/client.hpp"
#include "daemon/instance/name_quota.hpp"
#include "daemon/instance/shares.hpp"
#include "ipc/board.hpp"
#include "kafka/records.hpp"

namespace ringpost::daemon {

class Topics {
 public:
  Topics(const InstanceConfig& config, ipc::InstanceBoardWriter& board, Arena& arena);

  // What the drain must know of a record's topic. A name that only a pattern allows gets its place on the
  // board when it is first met.
  struct Rule {
    bool listed = false;
    bool over_quota =
        false;  // one more name that nobody knows, of a client that has brought too many (NameQuota)
    bool missing = false;
    bool compacted = false;
    bool full = false;  // at its share of the arena: its calls are refused
    std::uint64_t max_event_bytes = 0;
    std::int64_t send_timeout_ns = 0;  // 0: never
    // CLOCK_MONOTONIC at which a record that was published at `stamp_ns` has waited too long; 0: never.
    std::int64_t deadline_ns(std::int64_t stamp_ns) const {
      return send_timeout_ns == 0 ? 0 : std::max<std::int64_t>(stamp_ns + send_timeout_ns, 1);
    }
    Tenant tenant = 0;  // 0: of all names that are not listed
    ipc::TopicEntry* on_board =
        nullptr;  // null: the board's table is full, the drain alone checks this topic
  };
  const Rule& rule(std::string_view topic, const Client& client);
  // Of a record that a dead daemon has left: its client's quota was asked then.
  const Rule& rule_of_inherited(std::string_view topic);
  const Rule* find(std::string_view topic) const;    // null: it has no place
  bool is_configured(std::string_view topic) const;  // by its name, not by a pattern
  std::int64_t deadline_ns(std::string_view topic, std::int64_t stamp_ns) const;
  void client_gone(std::uint64_t client_id) { names_.client_gone(client_id); }

  void learn(std::string_view topic, const kafka::TopicFacts& facts);
  const std::map<std::string, kafka::TopicFacts, std::less<>>& known() const { return known_; }

  std::vector<std::string_view> at_share(const Shares& shares) const;
  // Marks the topics that have used up their share, and unmarks those that have room again (shares.hpp).
  void mark_full(const Shares& shares);
  // Rises when a topic is marked that was not: what is in the lanes then may still come.
  std::uint64_t markings() const { return markings_; }

 private:
  const Rule& add(std::string_view topic);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Rules = std::unordered_map<std::string, Rule, Hash, std::equal_to<>>;
  static void show(const Rule& rule);

  const InstanceConfig& config_;
  ipc::InstanceBoardWriter& board_;
  Arena& arena_;
  NameQuota names_;
  Rules rules_;
  const Rules::value_type* last_ = nullptr;  // most often the next record's too
  std::map<std::string, kafka::TopicFacts, std::less<>> known_;
  std::size_t full_count_ = 0;
  std::uint64_t markings_ = 0;
};

}  // namespace ringpost::daemon
