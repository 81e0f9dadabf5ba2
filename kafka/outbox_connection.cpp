// What is known of the brokers: whether any answers, which do not, and what Kafka does not take.
#include <chrono>
#include <utility>

#include "kafka/complaint.hpp"
#include "kafka/dispositions.hpp"
#include "kafka/outbox_impl.hpp"

namespace ringpost::kafka {
namespace {

// What a producer says of itself, and not again. librdkafka asks for an id each half second; a producer that has ended for want of one
// has a successor within 10 s.
constexpr std::int64_t kProducerTroubleNs = 15'000'000'000;

}  // namespace

void Outbox::Impl::on_statistics(std::string_view json) {
  if (polled_ != &route(RouteId::kMain) || !statistics_.read(json, readings_)) {
    return;
  }
  const std::int64_t now_ns = monotonic_ns();
  brokers_.note_statistics(readings_, now_ns);
  if (brokers_.has_forgotten_all()) {
    // What is inside comes back, and goes to one that begins with the configured brokers. The quarantine's has no statistics, and
    // has seen the same cluster.
    for (Route& each : routes_) {
      each.progress = true;  // its end is no failure of what it was given
      end_producer(each);
    }
    return;
  }
  for (const std::int32_t broker_id : brokers_.quiet_ids()) {
    polled_->producer->ask(broker_id);
  }
  probes_.want(brokers_.suspects(), std::chrono::microseconds(brokers_.probe_patience_us()));
  judge_connection(now_ns);
  followers_due_ = true;
  connection_.troubles.end_producers_before(now_ns - kProducerTroubleNs);  // an idle one delivers nothing
}

void Outbox::Impl::take_probes(std::int64_t now_ns) {
  const std::vector<BrokerProbes::Answer> answers = probes_.take();
  if (answers.empty()) {
    return;
  }
  for (const BrokerProbes::Answer& answer : answers) {
    brokers_.note_probe(answer.address, answer.answered, answer.why, now_ns);
  }
  followers_due_ = true;
  judge_connection(now_ns);
}

void Outbox::Impl::judge_connection(std::int64_t now_ns) {
  if (brokers_.answering() > 0) {
    alive_ns_ = now_ns;
    mark_connected();
    tell_unreachable();
  } else if (brokers_.silent() > 0) {
    mark_disconnected(now_ns);
    if (brokers_.knows_cluster())
      connection_.last_error = with_credentials_problem(brokers_.describe_silent());
  } else {
    probe_wanted_ = true;  // librdkafka does not connect before there is something to send
  }
}

void Outbox::Impl::tell_unreachable() {
  if (connection_.connected) connection_.unreachable = brokers_.describe_silent() + describe_paused();
}

void Outbox::Impl::mark_connected() {
  connection_.ever_connected = true;
  if (!std::exchange(connection_.connected, true)) {
    probe_wanted_ = false;
    for (const auto& [name, topic] : topics_) {
      topic->belief.ask_soon();
    }
    next_ask_ns_ = 0;
    wake_at(monotonic_ns());
  }
}

void Outbox::Impl::mark_disconnected(std::int64_t now_ns) {
  if (std::exchange(connection_.connected, false)) {
    connection_.disconnected_since_ns = alive_ns_ == 0 ? now_ns : alive_ns_;
    connection_.last_error = brokers_.describe_silent();
    connection_.unreachable.clear();
    next_probe_ns_ = 0;
  }
}

// It says more than nothing, and less than that those are silent whom the events would go to: a look-up asks the configured
// addresses, where somebody may be who names others that can't be reached from here.
void Outbox::Impl::on_cluster_answered(const BrokerAddresses& brokers) {
  addresses_ = brokers;
  if (brokers_.silent() == 0) {
    alive_ns_ = monotonic_ns();
    mark_connected();
  }
}

// A client of its own got no answer; the producer may still have a connection that it lives on.
void Outbox::Impl::on_cluster_silent() {
  if (brokers_.answering() == 0) {
    mark_disconnected(monotonic_ns());
  }
}

void Outbox::Impl::note_trouble(Trouble trouble, std::uint64_t producer) {
  connection_.last_error = trouble.text;
  connection_.troubles.note(std::move(trouble), producer, monotonic_ns());
}

void Outbox::Impl::note_trouble(const Topic& topic, int code) {
  note_trouble({topic.name, topic.name + ": " + describe_error(code), code}, counts_.producers_created);
}

void Outbox::Impl::on_error(int code, const std::string& text, bool fatal) {
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    return;  // says less than what came before, and a broker that ended an idle connection is enough for it
  }
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) credentials_.look_soon();
  const std::string complaint = complaint_of(text);
  if (!repeats_a_certificate(text)) {
    brokers_.note_complaint(complaint);
    if (fatal || connection_.connected || !brokers_.knows_cluster())
      connection_.last_error = with_credentials_problem(complaint);
  }
  if (fatal) {
    // Our own refusals end it by gapless; those have said already whose trouble it is.
    if (code != RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE)
      note_trouble({{}, complaint, code}, counts_.producers_created);
    end_producer(*polled_);
  }
}

// That a connection has ended means nothing where another is up: brokers end idle ones.
void Outbox::Impl::on_log(std::string_view facility, std::string_view text) {
  const std::string complaint = complaint_of(text);
  if (facility == "GETPID") {
    // It delivers nothing before it has an id: what it delivers is the end of this.
    note_trouble({{}, complaint, 0}, counts_.producers_created - 1);
  } else if (tells_of_a_failure(facility) && !repeats_a_certificate(text)) {
    brokers_.note_complaint(complaint);
    if (!connection_.connected && !brokers_.knows_cluster())
      connection_.last_error = with_credentials_problem(complaint);
  }
}

}  // namespace ringpost::kafka
