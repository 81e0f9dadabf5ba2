// Which brokers of the cluster are there, by what librdkafka's statistics and probes say together. No connection's state says
// it alone: a broker that hangs keeps its connections, one that ends an idle connection is there, and one that waits for
// a slow follower (acks=all) answers nobody else on that connection.
//
//   connection up, answers come ────────────────────────────────▶ kAnswers
//   connection up, nothing comes though a request waits ─probe──▶ kAnswers or kSilent
//   connection ended while idle ─────────────────────────probe──▶ kAnswers or kSilent
//   connection wanted, and not there for a while ───────────────▶ kSilent
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/replicas.hpp"
#include "kafka/statistics.hpp"

namespace ringpost::kafka {

class ClusterView {
 public:
  // A connection on which a request waits and nothing comes: from then on its broker is probed. Where answers take long, after
  // so many times what the quickest took.
  static constexpr std::int64_t kQuietUs = 300'000;
  static constexpr std::int64_t kQuietAnswers = 3;
  // How long a probe may take: a dozen answers are what TCP, TLS and SASL need.
  static constexpr std::int64_t kProbeUs = 700'000;
  static constexpr std::int64_t kProbeAnswers = 12;
  // What an answer may count for that came after a silence, or is the only one: else who stood still would be given the time of who is
  // far away.
  static constexpr std::int64_t kDoubtfulRttUs = 250'000;
  // How long a connection may take to come up, where nothing is said against it.
  static constexpr std::int64_t kConnectNs = 900'000'000;
  // Until the producer tries again to connect to a broker that has answered a probe.
  static constexpr std::int64_t kProducerPauseNs = 1'500'000'000;

  // librdkafka takes off its list whom the cluster does not name. Where the brokers have all been held up it names none for a moment,
  // and then librdkafka has nobody left to ask (2.14.2: for as long as we have watched it, with the brokers long back). So long it may
  // know of none.
  static constexpr std::int64_t kForgottenNs = 2'000'000'000;

  void note_statistics(const std::vector<BrokerReading>& readings, std::int64_t now_ns);
  // "NAME: why", as librdkafka tells of its connections.
  void note_complaint(const std::string& text);
  void note_probe(const std::string& address, bool answered, const std::string& why, std::int64_t now_ns);

  bool knows_cluster() const { return learnt_; }
  bool has_forgotten_all() const { return forgotten_; }  // by the latest statistics
  int answering() const { return answering_; }
  int silent() const { return silent_; }
  // "kafka2:9092/2: Connect to ... failed: Connection refused; ...": all that are silent.
  std::string describe_silent() const;

  // Those that owe us an answer on a connection and answer a probe all the same: somebody else's silence holds them up there.
  const std::vector<std::int32_t>& held_up_ids() const { return held_up_ids_; }
  bool is_silent(std::int32_t broker_id) const;
  std::string address_of(std::int32_t broker_id) const;
  std::string answering_addresses() const;  // "kafka1:9092,kafka3:9092"
  // To be probed from the next statistics on, whether we have a connection to them or not, and whether librdkafka knows them or not.
  void watch(BrokerAddresses brokers) { watched_ = std::move(brokers); }

  // By the latest statistics: whom to probe (the rest is of no interest any more), and whose connection is quiet, or not there
  // yet though partitions of ours are, so that only a question can tell whether anybody is there.
  const std::vector<std::string>& suspects() const { return suspects_; }
  std::int64_t probe_patience_us() const;
  const std::vector<std::int32_t>& quiet_ids() const { return quiet_ids_; }

 private:
  enum class Verdict : std::uint8_t { kUnknown, kAnswers, kSilent };
  struct Broker {
    std::string name;
    std::int32_t id = -1;
    Verdict verdict = Verdict::kUnknown;
    bool suspect = false;
    bool owes = false;        // an answer, for a while, on a connection that is up
    bool held_up = false;     // and has answered a probe meanwhile
    std::int64_t rtt_us = 0;  // the quickest answer; 0: there was none
    bool rtt_doubtful =
        false;  // it came after a silence, or was the first: it may have waited for something else
    bool was_doubted = false;              // by the statistics before
    std::int64_t struggling_since_ns = 0;  // 0: it is not
    bool cleared = false;                  // it answered a probe after its connection had ended
    bool asked = false;                    // before it had a connection
    std::string why;
  };

  void judge(Broker& broker, const BrokerReading& reading, std::int64_t now_ns);
  static void note_rtt(Broker& broker, std::int64_t rtt_us);
  void judge_unknown(std::int32_t id, const std::string& address);
  void count();

  using Brokers = std::map<std::string, Broker>;  // by address
  Brokers& brokers() { return learnt_ ? cluster_ : configured_; }
  const Brokers& brokers() const { return learnt_ ? cluster_ : configured_; }

  Brokers cluster_;     // as the cluster says
  Brokers configured_;  // what counts before that is known
  bool learnt_ = false;
  static constexpr std::size_t kEarlyMax = 64;
  std::map<std::string, std::string>
      early_;                              // complaints by name, of brokers that no statistics have named yet
  std::int64_t without_any_since_ns_ = 0;  // 0: it knows some
  bool forgotten_ = false;
  int answering_ = 0;
  int silent_ = 0;
  std::vector<std::string> suspects_;
  std::vector<std::int32_t> quiet_ids_;
  std::vector<std::int32_t> held_up_ids_;
  BrokerAddresses watched_;
};

}  // namespace ringpost::kafka
