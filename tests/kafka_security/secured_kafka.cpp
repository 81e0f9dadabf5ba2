#include "tests/kafka_security/secured_kafka.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <set>
#include <stdexcept>

#include "tests/support/kcat.hpp"

namespace ringpost::tests {
namespace {

constexpr std::chrono::minutes kStartDeadline{4};  // the first time, Maven fetches the jars

std::unique_ptr<SecuredKafka> the_kafka;

class Owner : public testing::Environment {
 public:
  void TearDown() override { the_kafka.reset(); }
};

const testing::Environment* const kOwner = testing::AddGlobalTestEnvironment(new Owner);  // GoogleTest's

void wait_for(Process& process) {
  if (process.wait(kStartDeadline) != 0) throw std::runtime_error("kafka-cluster: " + process.errors());
}

}  // namespace

SecuredKafka& SecuredKafka::get() {
  if (!the_kafka) the_kafka = std::make_unique<SecuredKafka>();
  return *the_kafka;
}

SecuredKafka::SecuredKafka() {
  printed({"up", "--security"});
  for (const char* listener :
       {"plaintext", "ssl", "mutual", "sasl_plaintext", "sasl_ssl", "expired", "misnamed"})
    addresses_.emplace(listener, printed({"addresses", listener}));
  tokens_ = std::make_unique<Process>(kit({"tokens"}));
  Process orders(kit({"topic", "orders"}));  // each starts a Java of its own: side by side
  Process rights(kit({"topic", "rights"}));
  wait_for(orders);
  wait_for(rights);
  change_rights("--add", "crm", {"Write"}, "orders");
  change_rights("--add", "renewed", {"Write"}, "orders");
  if (!wait_until([this] { return tokens_->output().ends_with('\n'); }))
    throw std::runtime_error("no token endpoint: " + tokens_->errors());
  token_url_ = tokens_->output();
  token_url_.pop_back();
}

SecuredKafka::~SecuredKafka() { run(kit({"down"})); }

std::vector<std::string> SecuredKafka::kit(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{source_file("tests/kafka-cluster/kafka-cluster"),
                                   directory_.file("kafka")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

std::string SecuredKafka::printed(const std::vector<std::string>& arguments) const {
  const Outcome outcome = run(kit(arguments), {}, kStartDeadline);
  if (outcome.status != 0) throw std::runtime_error("kafka-cluster " + arguments[0] + ": " + outcome.errors);
  return outcome.output.substr(0, outcome.output.find('\n'));
}

void SecuredKafka::create_topic(const std::string& name) const { printed({"topic", name}); }

void SecuredKafka::change_rights(const std::string& action, const std::string& user,
                                 const std::vector<std::string>& operations, const std::string& topic) const {
  std::vector<std::string> arguments{
      "exec", "kafka.admin.AclCommand", "--bootstrap-server", address("plaintext"),
      action, "--allow-principal",      "User:" + user,       "--topic",
      topic};
  for (const std::string& operation : operations)
    arguments.insert(arguments.end(), {"--operation", operation});
  if (action == "--remove") arguments.emplace_back("--force");
  printed(arguments);
}

void SecuredKafka::change_password(const std::string& user, const std::string& password) const {
  printed({"exec", "kafka.admin.ConfigCommand", "--bootstrap-server", address("plaintext"), "--alter",
           "--entity-type", "users", "--entity-name", user, "--add-config",
           "SCRAM-SHA-512=[password=" + password + "]"});
}

void write_secret(const std::filesystem::path& path, const std::string& secret) {
  const std::filesystem::path written = path.string() + ".new";
  write_file(written, secret + "\n");
  std::filesystem::permissions(written,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::rename(written, path);
}

void replace_file(const std::filesystem::path& path, const std::filesystem::path& by) {
  std::filesystem::copy_file(by, path.string() + ".new");
  std::filesystem::rename(path.string() + ".new", path);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string the_page() { return read_file(source_file("docs/kafka.md")); }

std::map<std::string, std::string> recipes_of_the_page(const SecuredKafka& kafka,
                                                       const TemporaryDirectory& directory) {
  std::map<std::string, std::string> here{{"kafka1.example:9093", kafka.address("ssl")},
                                          {"kafka1.example:9094", kafka.address("mutual")},
                                          {"kafka1.example:9095", kafka.address("sasl_ssl")},
                                          {"https://login.example/oauth2/token", kafka.token_url()},
                                          {"/etc/ringpost/kafka-ca.pem", kafka.file("ca.pem")},
                                          {"/etc/ringpost/client.pem", kafka.file("client.pem")},
                                          {"/etc/ringpost/client.key", kafka.file("client.key")}};
  for (const char* name : {"kafka-password", "key-password"}) {
    here.emplace(std::string("/etc/ringpost/") + name, directory.file(name));
    write_secret(directory.file(name), kPassword);
  }
  std::map<std::string, std::string> recipes;
  const std::string page = the_page();
  const std::regex block("```toml\n\\[instance\\.([a-z0-9]+)\\]\n[^`]*");
  for (auto found = std::sregex_iterator(page.begin(), page.end(), block); found != std::sregex_iterator();
       ++found) {
    std::string text = found->str().substr(std::string("```toml\n").size());
    for (const auto& [from, to] : here) text = replaced(text, from, to);
    recipes.emplace((*found)[1], text);
  }
  return recipes;
}

std::string status_of(const Daemon& daemon) {
  return run({program("ringpost"), "status", "--socket", daemon.socket()}).output;
}

Outcome check_of(const Daemon& daemon) {
  return run({program("ringpost"), "check", daemon.config_file(), "--connect"});
}

std::string all_that_is_seen_of(const Daemon& daemon) {
  const std::filesystem::path process = "/proc/" + std::to_string(daemon.process().pid());
  return daemon.log() + daemon.process().output() + status_of(daemon) +
         run({program("ringpost"), "status", "--json", "--socket", daemon.socket()}).output +
         read_file(process / "cmdline") + read_file(process / "environ");
}

std::vector<int> numbers_in(const std::string& brokers, const std::string& topic, const std::string& key) {
  std::vector<int> numbers;
  std::set<std::string> ids;
  for (const Record& record : read_with_kcat(brokers, topic)) {
    if (record.key == key && ids.insert(record.header("ringpost-id").value()).second)
      numbers.push_back(std::stoi(record.message.substr(std::string(R"({"n":)").size())));
  }
  return numbers;
}

}  // namespace ringpost::tests
