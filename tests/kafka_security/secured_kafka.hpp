// Apache Kafka with TLS, SASL and ACLs, by the kit in tests/kafka-cluster; and the configurations of docs/kafka.md for it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/process.hpp"

namespace ringpost::tests {

// One broker for all tests of the program. Topics: orders, where crm and renewed may write; rights, where nobody may.
class SecuredKafka {
 public:
  static SecuredKafka& get();  // started at the first call

  SecuredKafka();   // throws when it does not start
  ~SecuredKafka();  // kills it
  SecuredKafka(const SecuredKafka&) = delete;
  SecuredKafka& operator=(const SecuredKafka&) = delete;

  // Of one of security.py's listeners, or of plaintext.
  const std::string& address(const std::string& listener) const { return addresses_.at(listener); }
  std::string file(const std::string& name) const {
    return directory_.file("kafka/security/" + name);
  }  // of security.py's
  const std::string& token_url() const { return token_url_; }

  void create_topic(const std::string& name) const;
  // `action`: "--add" or "--remove".
  void change_rights(const std::string& action, const std::string& user,
                     const std::vector<std::string>& operations, const std::string& topic) const;
  void change_password(const std::string& user, const std::string& password) const;  // SCRAM-SHA-512

 private:
  std::vector<std::string> kit(const std::vector<std::string>& arguments) const;
  std::string printed(const std::vector<std::string>& arguments) const;

  TemporaryDirectory directory_;
  std::unique_ptr<Process> tokens_;
  std::map<std::string, std::string> addresses_;
  std::string token_url_;
};

inline constexpr const char* kPassword = "Loesung-47-crm";  // security.py's

// A secret as an administrator keeps it: the newline of an editor, and nobody else's. Replaced in one step when it is there.
void write_secret(const std::filesystem::path& path, const std::string& secret);
void replace_file(const std::filesystem::path& path, const std::filesystem::path& by);

std::string replaced(std::string text, const std::string& from, const std::string& to);

// The page's configurations, by their instances' names, with the addresses and paths of this cluster and of `directory`, where
// their secrets are written.
std::map<std::string, std::string> recipes_of_the_page(const SecuredKafka& kafka,
                                                       const TemporaryDirectory& directory);
std::string the_page();

// What `ringpost status` prints, and `ringpost check --connect` of the daemon's configuration.
std::string status_of(const Daemon& daemon);
Outcome check_of(const Daemon& daemon);

// Where else a secret might be seen: log, status, the process's command line and environment.
std::string all_that_is_seen_of(const Daemon& daemon);

// The lines of all that an instance's topic has, by the header ringpost-id once each: the numbers of {"n":NUMBER}.
std::vector<int> numbers_in(const std::string& brokers, const std::string& topic, const std::string& key);

}  // namespace ringpost::tests
