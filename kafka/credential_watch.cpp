#include "kafka/credential_watch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/examine.hpp"
#include "kafka/key_pair.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::string_view kPassword = "sasl.password";

// Properties whose files librdkafka reads once, when a client is made.
constexpr std::array<const char*, 7> kFileProperties = {
    "https.ca.location",     "sasl.oauthbearer.assertion.private.key.file",
    "ssl.ca.location",       "ssl.certificate.location",
    "ssl.crl.location",      "ssl.key.location",
    "ssl.keystore.location",
};

std::vector<std::string> files_named_in(const Properties& properties) {
  std::vector<std::string> files;
  for (const char* const name : kFileProperties) {
    if (const auto found = properties.find(name); found != properties.end()) files.push_back(found->second);
  }
  return files;
}

// Whether the two differ in nothing but the password.
bool same_but_password(Properties one, Properties other) {
  one.erase(std::string(kPassword));
  other.erase(std::string(kPassword));
  return one == other;
}

}  // namespace

CredentialWatch::CredentialWatch(Properties properties, SecretFiles files, const Wakeup& wakeup)
    : given_(std::move(properties)),
      files_(std::move(files)),
      certificate_files_(files_named_in(given_)),
      wakeup_(wakeup) {
  current_.certificates =
      certificates();  // before they are read: what is written meanwhile is seen by the next look
  current_.secrets = read_secrets(files_);
  current_.properties = with_all(current_.secrets);
}

CredentialWatch::~CredentialWatch() {
  if (thread_.joinable()) thread_.join();
}

std::int64_t CredentialWatch::next_step_ns() const {
  const bool nothing = files_.empty() && certificate_files_.empty();
  return nothing || thread_.joinable() ? INT64_MAX : next_look_ns_;  // a look that has ended rings
}

Properties CredentialWatch::with_all(const Properties& secrets) const {
  Properties all = given_;
  for (const auto& [name, secret] : secrets) all.insert_or_assign(name, secret);
  return with_key_pair(std::move(all));
}

// A file that has been written, replaced or linked anew has another of these.
std::string CredentialWatch::certificates() const {
  std::string text;
  for (const std::string& file : certificate_files_) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0) {
      text += std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) + ':' +
              std::to_string(status.st_size) + ':' + std::to_string(status.st_mtim.tv_sec) + '.' +
              std::to_string(status.st_mtim.tv_nsec);
    }
    text += ';';
  }
  return text;
}

// On the helper thread. What librdkafka would not take, such as a certificate whose key has not been written yet, is left where
// it is: the old one goes on.
CredentialWatch::Look CredentialWatch::look(const Look& before) const try {
  Look now;
  now.certificates = certificates();
  now.secrets = read_secrets(files_);
  if (now.secrets == before.secrets && now.certificates == before.certificates) return now;
  now.properties = with_all(now.secrets);
  now.problem = properties_problem(now.properties);
  return now;
} catch (const std::exception& error) {
  Look failed;
  failed.problem = error.what();
  return failed;
}

std::optional<CredentialWatch::Change> CredentialWatch::step(std::int64_t now_ns, bool in_trouble) {
  std::optional<Look> seen;
  {
    const std::lock_guard lock(mutex_);
    seen = std::exchange(seen_, std::nullopt);
  }
  if (seen) {
    thread_.join();
    next_look_ns_ = now_ns + (in_trouble ? kPauseInTroubleNs : kPauseNs);
    problem_ = seen->problem;
    if (seen->problem.empty() &&
        (seen->secrets != current_.secrets || seen->certificates != current_.certificates)) {
      const bool password_alone =
          seen->certificates == current_.certificates && same_but_password(seen->secrets, current_.secrets);
      current_ = std::move(*seen);
      return Change{.password_alone = password_alone};
    }
  }
  if (now_ns >= next_step_ns()) {
    thread_ = std::thread([this] {
      Look found = look(current_);
      const std::lock_guard lock(mutex_);
      seen_ = std::move(found);
      wakeup_.ring();
    });
  }
  return std::nullopt;
}

}  // namespace ringpost::kafka
