#include "kafka/cluster_view.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace ringpost::kafka {
namespace {

// That a connection has ended says little: brokers end idle ones, and the next may come up. That none came up says all.
bool is_a_refusal(std::string_view why) {
  constexpr std::array<std::string_view, 3> kEnds = {"Disconnected", "Receive failed", "Send failed"};
  return !why.empty() && std::none_of(kEnds.begin(), kEnds.end(),
                                      [why](std::string_view end) { return why.starts_with(end); });
}

}  // namespace

void ClusterView::note_statistics(const std::vector<BrokerReading>& readings, std::int64_t now_ns) {
  const bool learnt =
      std::any_of(readings.begin(), readings.end(), [](const BrokerReading& each) { return each.id >= 0; });
  const bool up = std::any_of(readings.begin(), readings.end(), [](const BrokerReading& each) {
    return each.link == BrokerReading::Link::kUp;
  });
  if (!readings.empty()) {
    without_any_since_ns_ = 0;
  } else if (without_any_since_ns_ == 0) {
    without_any_since_ns_ = now_ns;
  }
  forgotten_ = readings.empty() && now_ns - without_any_since_ns_ >= kForgottenNs;
  quiet_ids_.clear();
  // A new producer has to learn the cluster again: what was known of it holds until then, unless nobody is there.
  if (learnt || !learnt_ || !up) {
    learnt_ = learnt;
    std::set<std::string, std::less<>> seen;
    for (const BrokerReading& reading : readings) {
      if ((reading.id >= 0) == learnt) {
        seen.insert(reading.address);
        judge(brokers()[reading.address], reading, now_ns);
      }
    }
    for (const auto& [id, address] : watched_) {
      if (learnt && seen.insert(address).second) judge_unknown(id, address);
    }
    std::erase_if(brokers(), [&seen](const auto& item) { return !seen.contains(item.first); });
  }
  count();
}

void ClusterView::note_rtt(Broker& broker, std::int64_t rtt_us) {
  const bool doubtful = broker.rtt_us == 0 || broker.was_doubted;
  const std::int64_t counts_us = doubtful ? std::min(rtt_us, kDoubtfulRttUs) : rtt_us;
  if (broker.rtt_us == 0 || (broker.rtt_doubtful && !doubtful)) {
    broker.rtt_us = counts_us;
    broker.rtt_doubtful = doubtful;
  } else {
    broker.rtt_us = std::min(broker.rtt_us, counts_us);
  }
}

// One that librdkafka does not know now.
void ClusterView::judge_unknown(std::int32_t id, const std::string& address) {
  Broker& broker = brokers()[address];
  broker.name = address + "/" + std::to_string(id);
  broker.id = id;
  broker.suspect = true;
  broker.owes = false;
}

void ClusterView::judge(Broker& broker, const BrokerReading& reading, std::int64_t now_ns) {
  broker.name = reading.name;
  broker.id = reading.id;
  if (const auto early = early_.extract(reading.name)) broker.why = early.mapped();
  if (reading.link != BrokerReading::Link::kStruggling) broker.struggling_since_ns = 0;
  broker.suspect = false;
  broker.owes = false;
  if (reading.rtt_us > 0) note_rtt(broker, reading.rtt_us);
  const bool quiet = reading.quiet_us > std::max(kQuietUs, kQuietAnswers * broker.rtt_us);
  switch (reading.link) {
    case BrokerReading::Link::kUp:
      broker.cleared = false;
      if (reading.waits && quiet) {
        broker.suspect = true;
        broker.owes = true;
        break;
      }
      broker.verdict = Verdict::kAnswers;
      broker.why.clear();
      if (quiet && reading.id >= 0) quiet_ids_.push_back(reading.id);
      break;
    case BrokerReading::Link::kIdle:  // also between two tries to connect
      if (is_a_refusal(broker.why)) {
        broker.verdict = Verdict::kSilent;
        broker.cleared = false;  // heard of after a probe's answer: only another one can end it
      }
      broker.suspect = broker.verdict != Verdict::kUnknown && !broker.cleared && reading.id >= 0;
      if (watched_.contains(reading.id)) broker.suspect = true;
      if (broker.verdict == Verdict::kUnknown && reading.leads && !broker.asked) {
        broker.asked = true;
        quiet_ids_.push_back(reading.id);
      }
      break;
    case BrokerReading::Link::kStruggling:
      broker.cleared = false;
      if (broker.struggling_since_ns == 0) broker.struggling_since_ns = now_ns;
      if (is_a_refusal(broker.why) || now_ns - broker.struggling_since_ns >= kConnectNs)
        broker.verdict = Verdict::kSilent;
      // The producer tries again only when it has to.
      broker.suspect = broker.verdict == Verdict::kSilent && reading.id >= 0;
      break;
  }
  broker.was_doubted = broker.suspect || broker.verdict == Verdict::kSilent;
}

// librdkafka says the same once in half a minute, and often before the first statistics.
void ClusterView::note_complaint(const std::string& text) {
  const std::size_t end = text.find(": ");
  if (end == std::string::npos) return;
  const std::string name = text.substr(0, end);
  const std::string why = text.substr(end + 2);
  for (auto& [address, broker] : brokers()) {
    if (broker.name != name) continue;
    broker.why = why;
    return;
  }
  if (early_.size() < kEarlyMax) early_.insert_or_assign(name, why);
}

void ClusterView::note_probe(const std::string& address, bool answered, const std::string& why,
                             std::int64_t now_ns) {
  const auto found = brokers().find(address);
  if (found == brokers().end() || (!found->second.suspect && !answered)) return;  // it has answered meanwhile
  Broker& broker = found->second;
  broker.verdict = answered ? Verdict::kAnswers : Verdict::kSilent;
  if (answered || !why.empty()) broker.why = answered ? std::string() : why;
  broker.cleared = answered;
  if (answered) {
    if (broker.struggling_since_ns != 0) broker.struggling_since_ns = now_ns + kProducerPauseNs;
    broker.suspect = false;
    broker.held_up = broker.owes;
  }
  count();
}

void ClusterView::count() {
  answering_ = 0;
  silent_ = 0;
  suspects_.clear();
  held_up_ids_.clear();
  for (auto& [address, broker] : brokers()) {
    broker.held_up = broker.held_up && broker.owes;
    if (broker.held_up) held_up_ids_.push_back(broker.id);
    answering_ += broker.verdict == Verdict::kAnswers ? 1 : 0;
    silent_ += broker.verdict == Verdict::kSilent ? 1 : 0;
    if (broker.suspect) suspects_.push_back(address);
  }
}

bool ClusterView::is_silent(std::int32_t broker_id) const {
  return std::any_of(brokers().begin(), brokers().end(), [broker_id](const auto& item) {
    return item.second.id == broker_id && item.second.verdict == Verdict::kSilent;
  });
}

std::string ClusterView::address_of(std::int32_t broker_id) const {
  const auto found = std::find_if(brokers().begin(), brokers().end(),
                                  [broker_id](const auto& item) { return item.second.id == broker_id; });
  return found == brokers().end() ? std::string() : found->first;
}

std::string ClusterView::answering_addresses() const {
  std::string text;
  for (const auto& [address, broker] : brokers()) {
    if (broker.verdict == Verdict::kAnswers) text += (text.empty() ? "" : ",") + address;
  }
  return text;
}

std::int64_t ClusterView::probe_patience_us() const {
  std::int64_t patience_us = kProbeUs;
  for (const auto& [address, broker] : brokers()) {
    if (broker.suspect) patience_us = std::max(patience_us, kProbeAnswers * broker.rtt_us);
  }
  return patience_us;
}

std::string ClusterView::describe_silent() const {
  std::string text;
  for (const auto& [address, broker] : brokers()) {
    if (broker.verdict != Verdict::kSilent) continue;
    text += (text.empty() ? "" : "; ") + broker.name + ": " +
            (broker.why.empty() ? "no connection to it comes up" : broker.why);
  }
  return text;
}

}  // namespace ringpost::kafka
