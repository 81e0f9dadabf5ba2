// Secrets and certificates that change while we run.
#include <utility>

#include "kafka/outbox_impl.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::int64_t kRenewalWaitNs = 2'000'000'000;  // for the acknowledgements of what is inside

Properties quarantine_properties(Properties properties) {
  properties["linger.ms"] = "0";  // its records go one by one
  properties["statistics.interval.ms"] = "0";
  return properties;
}

std::string value_of(const Properties& properties, const std::string& name) {
  const auto found = properties.find(name);
  return found == properties.end() ? "" : found->second;
}

}  // namespace

// For the producers that are made from now on.
void Outbox::Impl::set_credentials() {
  properties_[0] = producer_properties(identity_, credentials_.properties(), linger_);
  properties_[1] = quarantine_properties(properties_[0]);
  const Properties plain = plain_properties(identity_, credentials_.properties());
  lookup_.use(plain);
  probes_.use(plain);
}

void Outbox::Impl::step_credentials(std::int64_t now_ns) {
  if (const auto change = credentials_.step(now_ns, !connection_.connected)) {
    ++connection_.credentials_taken;
    set_credentials();
    renew_producers(change->password_alone, now_ns);
  }
  if (connection_.credentials_problem != credentials_.problem()) {
    connection_.credentials_problem = credentials_.problem();
  }
  wake_at(credentials_.next_step_ns());
}

// A password is for the next connection: nothing that goes on is disturbed. All else librdkafka reads when a client is made.
void Outbox::Impl::renew_producers(bool password_alone, std::int64_t now_ns) {
  for (Route& each : routes_) {
    if (!each.producer || each.ending) {
      continue;
    }
    if (password_alone && each.producer->set_password(value_of(credentials_.properties(), "sasl.username"),
                                                      value_of(credentials_.properties(), "sasl.password"))) {
      continue;
    }
    each.renewal_since_ns = now_ns;
  }
  next_probe_ns_ = 0;
}

// Empty before it goes: what is inside would be sent again. Where it can't be, for long or because there is no broker, it is.
void Outbox::Impl::step_renewal(Route& renewed, std::int64_t now_ns) {
  if (renewed.renewal_since_ns == 0 || !renewed.producer || renewed.ending) {
    return;
  }
  if (renewed.producer->outstanding() == 0) {
    renewed.progress = true;  // its end is no failure: the next one need not wait
    replace_producer(renewed, now_ns);
  } else if (!connection_.connected || now_ns - renewed.renewal_since_ns > kRenewalWaitNs) {
    renewed.progress = true;
    end_producer(renewed);
  } else {
    wake_at(renewed.renewal_since_ns + kRenewalWaitNs);
  }
}

// What may be the cause is said beside what it has led to.
std::string Outbox::Impl::with_credentials_problem(const std::string& complaint) const {
  return credentials_.problem().empty() ? complaint : complaint + "; " + credentials_.problem();
}

}  // namespace ringpost::kafka
