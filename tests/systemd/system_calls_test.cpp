// The units' lists of system calls beside those that the programs make: none is missing, and none is there for nothing. All the
// programs do is too much for one test; scripts/system-calls looks at the whole test run.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

using Names = std::set<std::string>;

// What the unit allows by name, without systemd's groups.
Names listed(const std::string& unit) {
  Names names;
  std::ifstream lines(source_file("systemd/" + unit));
  constexpr std::string_view kFilter = "SystemCallFilter=";
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kFilter)) continue;
    std::istringstream words(line.substr(kFilter.size()));
    for (std::string word; words >> word;) {
      if (!word.starts_with('@')) names.insert(word);
    }
  }
  return names;
}

// systemd's group of what every program needs, which both units allow.
Names in_default() {
  Names names;
  std::istringstream lines(run({"systemd-analyze", "syscall-filter", "@default"}).output);
  for (std::string word; lines >> word;) names.insert(word);
  return names;
}

// That strace has written down.
Names calls_in(const std::string& trace) {
  Names names;
  std::istringstream lines(trace);
  std::string process;
  for (std::string line; lines >> process && std::getline(lines >> std::ws, line);) {
    constexpr std::string_view kResumed = "<... ";
    if (line.starts_with(kResumed)) line.erase(0, kResumed.size());
    const std::string name = line.substr(0, line.find_first_of("( "));
    if (!name.starts_with("+++") && !name.starts_with("---")) names.insert(name);
  }
  return names;
}

Names without(Names names, const Names& others) {
  for (const std::string& other : others) names.erase(other);
  return names;
}

// Allowed, and not made in this test; when they are.
const std::map<std::string, Names> kSeldom = {
    {"by glibc's abort(), so that a failed assertion ends as one, and with its words", {"tgkill", "writev"}},
    {"on 64-bit ARM, which has none of poll, access, unlink and so on",
     {"epoll_pwait", "faccessat", "ppoll", "readlinkat", "unlinkat"}},
    {"by a keeper on a kernel without SO_PEERPIDFD, before 6.5", {"pidfd_open"}},
    {"where a name server is asked", {"recvfrom", "sendmmsg", "sendto"}},
    {"where a token comes by HTTP", {"getpeername", "recvfrom"}},
    {"when a client is refused, whose descriptors may take hours to close",
     {"timer_create", "timer_delete", "timer_settime"}},
    {"by the command that a reload runs in the unit; by ringpostd for a signal that comes just then",
     {"kill"}},
    {"at a reload where systemd has passed the socket", {"dup2", "dup3"}},
    {"where there is no socket yet and no keeper that holds one", {"umask"}},
};

std::string text_of(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

void expect_those_of(const std::string& unit, const Names& calls) {
  const Names allowed = listed(unit);
  EXPECT_EQ(text_of(without(without(calls, allowed), in_default())), "") << "not allowed by " << unit;
  Names idle = without(allowed, calls);
  for (const auto& [when, names] : kSeldom) idle = without(idle, names);
  EXPECT_EQ(text_of(idle), "") << "allowed by " << unit << ", and not made";
}

class SystemCalls : public Installed {
 protected:
  // The unit without its filter, and the program with strace as a grandchild: it is the unit's main process all the same.
  void trace(const std::string& unit, const std::string& command, const std::string& file) const {
    const std::string drop_in = "/etc/systemd/system/" + unit + ".service.d";
    std::filesystem::create_directories(box_.outside(drop_in));
    box_.write(drop_in + "/trace.conf",
               "[Service]\nSystemCallFilter=\nRuntimeDirectoryPreserve=yes\nExecStart=\nExecStart=/usr/bin/"
               "strace -DDD -f -qq -A -o " +
                   file + " " + command + "\n");
  }

  // One by TCP, a cluster of its own, one that wants TLS, and one whose tokens come by HTTP.
  std::string instances(const std::string& topics) const {
    return "[daemon]\nstop_timeout = \"500ms\"\n[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() +
           "\"]\ntopics = [" + topics +
           "]\nbuffer_size = \"1MiB\"\nlane_size = \"128KiB\"\nmax_event_size = \"16KiB\"\n"
           "[instance.demo]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n"
           "[instance.secured]\nbrokers = [\"localhost:1\", \"" +
           kafka_.brokers() +
           "\"]\ntopics = [\"orders\"]\n[instance.secured.librdkafka]\n\"security.protocol\" = \"ssl\"\n"
           "[instance.tokens]\nbrokers = [\"" +
           kafka_.brokers() +
           "\"]\ntopics = [\"orders\"]\n[instance.tokens.secret_files]\n\"sasl.oauthbearer.client.secret\" = "
           "\"/etc/ringpost/secret\"\n[instance.tokens.librdkafka]\n\"sasl.oauthbearer.client.id\" = "
           "\"crm\"\n"
           "\"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"OAUTHBEARER\"\n"
           "\"sasl.oauthbearer.method\" = \"oidc\"\n"
           "\"sasl.oauthbearer.token.endpoint.url\" = \"http://localhost:1/token\"\n";
  }
  void restart_with(const std::string& topics) const {
    box_.write(kConfiguration, instances(topics));
    box_.output_of("systemctl restart ringpostd");
  }
  void publish(int count) {
    Publisher publisher(socket());
    const std::string message = "\"" + std::string(1'000, 'x') + "\"";
    for (int number = 0; number < count; ++number) {
      ASSERT_EQ(publisher.publish_patiently({"kafkaid", "others", message, "key", {}}), 0);
      ASSERT_EQ(publisher.publish_patiently({"demo", "orders", message, "key", {}}), 0);
    }
  }
};

TEST_F(SystemCalls, AreThoseOfTheUnits) {
  constexpr const char* kKeeperTrace = "/run/ringpost-keeper/trace";
  constexpr const char* kDaemonTrace = "/run/ringpost/trace";
  constexpr const char* kBoth = R"("orders", "others")";
  box_.output_of("systemctl stop ringpostd ringpost-keeper");
  trace("ringpost-keeper", "/usr/sbin/ringpost-keeper --socket /run/ringpost-keeper/keeper.sock",
        kKeeperTrace);
  trace("ringpostd", "/usr/sbin/ringpostd --config /etc/ringpost/ringpost.toml", kDaemonTrace);
  box_.output_of(
      "install -m 0640 -g ringpost /dev/null /etc/ringpost/secret && echo x > /etc/ringpost/secret");
  box_.output_of("systemctl daemon-reload && systemctl start ringpost-keeper");
  restart_with(kBoth);
  wait_until_connected();
  publish(100);
  EXPECT_EQ(wait_until_settled().delivered, 100U);
  box_.output_of("ringpost consume demo orders --from beginning --until-end");
  box_.output_of("systemctl reload ringpostd");
  wait_until_connected();
  kafka_.stop_broker(1);
  publish(2'000);
  EXPECT_TRUE(wait_until([&] { return status().waiting_on_disk > 0; })) << journal();
  box_.output_of("systemctl kill --signal=KILL ringpostd ringpost-keeper");
  restart_with(R"("orders")");
  EXPECT_TRUE(wait_until([&] { return status().dead_letters == 2'000; })) << journal();
  restart_with(kBoth);
  kafka_.start_broker(1);
  wait_until_connected();
  box_.output_of("ringpost dead-letters replay && ringpost audit");
  EXPECT_EQ(wait_until_settled().delivered, 2'100U);
  box_.output_of("systemctl stop ringpostd ringpost-keeper");
  expect_those_of("ringpostd.service", calls_in(box_.read(kDaemonTrace)));
  expect_those_of("ringpost-keeper.service", calls_in(box_.read(kKeeperTrace)));
}

}  // namespace
}  // namespace ringpost::tests
