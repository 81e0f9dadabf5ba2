// A partition whose follower says nothing holds up its leader's connection: acks=all waits for it, and a broker answers one request a
// connection at a time. So such a partition is paused, and the connection ended; what the others had on it goes on the next one.
//
//   leader owes an answer, and answers a probe ─▶ look-up of leaders and followers in sync ─▶ is one of these silent?
//                                                                                                 │ and others wait behind
//            resumed ◀─ the follower answers, or is no longer in sync ◀─ paused, connection ended ◀─┘
//
// Nothing is lost or doubled by it: all of it stays with its producer, and brokers know what they have had.
#include <algorithm>
#include <set>
#include <utility>

#include "kafka/outbox_impl.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::int64_t kAskPauseNs = 500'000'000;
constexpr std::int64_t kFreshNs = 1'500'000'000;  // so old may be what is known of followers
// A follower that is silent for us may answer its leader. By then Kafka has found out of one that does not (a broker without heartbeats
// for 9 s is fenced, and in sync with nobody), and if it has not, the next answer that is owed pauses the partition again.
constexpr std::int64_t kLongestWithoutTrialNs = 10'000'000'000;

constexpr std::size_t kNamed = 3;  // of those that are paused

const Replicas& replicas_of(const Topic& topic, const Partition& partition) {
  static const Replicas kUnknown;
  const auto index = static_cast<std::size_t>(partition.id());
  return index < topic.replicas.size() ? topic.replicas[index] : kUnknown;
}

}  // namespace

void Outbox::Impl::step_followers(std::int64_t now_ns) {
  if (!std::exchange(followers_due_, false)) {
    return;
  }
  resume_those_that_can(now_ns);
  watch_followers();
  if (!brokers_.held_up_ids().empty() || any_paused()) {
    ask_for_replicas(now_ns);
  }
  for (const std::int32_t leader : brokers_.held_up_ids()) {
    free_others(leader, now_ns);
  }
  tell_unreachable();
}

bool Outbox::Impl::any_paused() const {
  return std::any_of(topics_.begin(), topics_.end(),
                     [](const auto& item) { return item.second->paused != 0; });
}

void Outbox::Impl::ask_for_replicas(std::int64_t now_ns) {
  if (now_ns - replicas_asked_ns_ < kAskPauseNs) {
    return;
  }
  replicas_asked_ns_ = now_ns;
  for (const auto& [name, topic] : topics_) {
    if (topic->in_flight != 0 || topic->paused != 0) {
      topic->belief.ask_now();
      next_ask_ns_ = 0;
    }
  }
}

// One that leads nothing of ours has no connection to us, and would not be missed. librdkafka may not even know it: it takes off its
// list who is away for a moment, and asks again after half a minute.
void Outbox::Impl::watch_followers() {
  const std::vector<std::int32_t>& held_up = brokers_.held_up_ids();
  BrokerAddresses followers;
  for (const auto& [name, topic] : topics_) {
    if (topic->paused == 0 && (topic->in_flight == 0 || held_up.empty())) {
      continue;
    }
    for (const Partition& partition : topic->partitions) {
      const Replicas& replicas = replicas_of(*topic, partition);
      if (!partition.paused() && std::count(held_up.begin(), held_up.end(), replicas.leader) == 0) {
        continue;
      }
      for (const std::int32_t broker : replicas.in_sync) {
        if (const auto known = addresses_.find(broker); known != addresses_.end()) followers.insert(*known);
      }
    }
  }
  brokers_.watch(std::move(followers));
}

bool Outbox::Impl::waits_in_vain(const Replicas& replicas) const {
  return std::any_of(replicas.in_sync.begin(), replicas.in_sync.end(), [&](std::int32_t broker) {
    return broker != replicas.leader && brokers_.is_silent(broker);
  });
}

bool Outbox::Impl::can_resume(const Topic& topic, const Partition& partition, std::int64_t now_ns) const {
  const Replicas& replicas = replicas_of(topic, partition);
  return !waits_in_vain(replicas) || brokers_.is_silent(replicas.leader) ||
         now_ns - partition.paused_since_ns() > kLongestWithoutTrialNs;
}

void Outbox::Impl::resume_those_that_can(std::int64_t now_ns) {
  Placed those;
  for (const auto& [name, topic] : topics_) {
    if (topic->paused == 0) {
      continue;
    }
    for (Partition& partition : topic->partitions) {
      if (partition.paused() && can_resume(*topic, partition, now_ns))
        those.emplace_back(topic.get(), &partition);
    }
  }
  resume(those);
}

void Outbox::Impl::free_others(std::int32_t leader, std::int64_t now_ns) {
  Route& main = route(RouteId::kMain);
  if (main.ending || !main.producer) {
    return;
  }
  Placed waiting;
  bool others = false;
  for (const auto& [name, topic] : topics_) {
    if (topic->in_flight == 0 || now_ns - topic->replicas_ns > kFreshNs) {
      continue;
    }
    for (Partition& partition : topic->partitions) {
      const Replicas& replicas = replicas_of(*topic, partition);
      if (replicas.leader != leader || partition.route() != RouteId::kMain || partition.paused()) {
        continue;
      }
      if (waits_in_vain(replicas)) {
        waiting.emplace_back(topic.get(), &partition);
      } else {
        others = others || !partition.window_empty();
      }
    }
  }
  if (waiting.empty() || !others) {
    return;
  }
  main.producer->pause(names_of(waiting));
  for (const auto& [topic, partition] : waiting) {
    partition->note_paused(now_ns);
    ++topic->paused;
  }
  main.producer->shut_down(brokers_.address_of(leader));
}

std::string Outbox::Impl::describe_paused() const {
  std::string text;
  std::size_t named = 0;
  std::size_t paused = 0;
  for (const auto& [name, topic] : topics_) {
    paused += topic->paused;
    for (const Partition& partition : topic->partitions) {
      if (!partition.paused() || named == kNamed) {
        continue;
      }
      text += (named++ == 0 ? "; partitions that it follows wait, too: " : ", ") + name + " [" +
              std::to_string(partition.id()) + "]";
    }
  }
  return paused > named ? text + " and " + std::to_string(paused - named) + " more" : text;
}

std::vector<Producer::PartitionName> Outbox::Impl::names_of(const Placed& partitions) {
  std::vector<Producer::PartitionName> names;
  names.reserve(partitions.size());
  for (const auto& [topic, partition] : partitions) {
    names.push_back({.topic = topic->name, .partition = partition->id()});
  }
  return names;
}

void Outbox::Impl::resume(const Placed& partitions) {
  std::set<std::int32_t> leaders;
  for (const auto& [topic, partition] : partitions) {
    partition->note_resumed();
    --topic->paused;
    leaders.insert(replicas_of(*topic, *partition).leader);
  }
  Route& main = route(RouteId::kMain);
  if (partitions.empty() || !main.producer) {
    return;
  }
  main.producer->resume(names_of(partitions));
  for (const std::int32_t leader : leaders) {
    if (leader >= 0) main.producer->ask(leader);  // wakes the thread that sends
  }
}

void Outbox::Impl::resume_all(Topic& topic) {
  Placed all;
  for (Partition& partition : topic.partitions) {
    if (partition.paused()) all.emplace_back(&topic, &partition);
  }
  resume(all);
}

}  // namespace ringpost::kafka
