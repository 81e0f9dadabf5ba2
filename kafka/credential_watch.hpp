// Secrets and certificates are renewed while we run. Looks at their files on a helper thread, since a disk can hang.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "kafka/client_properties.hpp"
#include "kafka/secrets.hpp"
#include "kafka/wakeup.hpp"

namespace ringpost::kafka {

// Called on the instance's thread.
class CredentialWatch {
 public:
  static constexpr std::int64_t kPauseNs = 5'000'000'000;
  static constexpr std::int64_t kPauseInTroubleNs = 1'000'000'000;  // no broker, or one that has refused us

  // `properties`: what the administrator gives. Throws std::runtime_error as read_secrets() and with_key_pair().
  CredentialWatch(Properties properties, SecretFiles files, const Wakeup& wakeup);
  ~CredentialWatch();
  CredentialWatch(const CredentialWatch&) = delete;
  CredentialWatch& operator=(const CredentialWatch&) = delete;

  // With the client's certificate and key in them, as they were when they were judged: whatever is in their files when a client
  // is made, it gets a pair.
  const Properties& properties() const { return current_.properties; }

  // What librdkafka has taken on trial. A live client can be given another password; for all else it takes a new one.
  struct Change {
    bool password_alone = false;
  };
  // Looks when it is time; once for each change, which properties() has then.
  std::optional<Change> step(std::int64_t now_ns, bool in_trouble);
  std::int64_t next_step_ns() const;  // INT64_MAX: there is nothing to look at
  void look_soon() { next_look_ns_ = 0; }

  // Why what the files hold now is not used; empty: it is.
  const std::string& problem() const { return problem_; }

 private:
  struct Look {
    Properties secrets;
    std::string certificates;  // changes when one of their files does
    Properties properties;
    std::string problem;
  };
  Look look(const Look& before) const;
  std::string certificates() const;
  Properties with_all(const Properties& secrets) const;

  const Properties given_;
  const SecretFiles files_;
  const std::vector<std::string> certificate_files_;
  const Wakeup& wakeup_;
  Look current_;
  std::string problem_;
  std::int64_t next_look_ns_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::optional<Look> seen_;  // guarded by mutex_
};

}  // namespace ringpost::kafka
