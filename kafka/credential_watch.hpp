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

  // `properties`: what the administrator gives, with the secrets as they are read now. Throws std::runtime_error as
  // read_secrets().
  CredentialWatch(Properties properties, SecretFiles files, const Wakeup& wakeup);
  ~CredentialWatch();
  CredentialWatch(const CredentialWatch&) = delete;
  CredentialWatch& operator=(const CredentialWatch&) = delete;

  const Properties& properties() const { return properties_; }

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
    std::string problem;
  };
  Look look(const Look& before) const;
  std::string certificates() const;

  Properties properties_;
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
