// What `ringpost status` and the monitoring read: the instances' readings, and the JSON made of them.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/control/census.hpp"
#include "daemon/instance/instance.hpp"
#include "ipc/descriptor.hpp"
#include "ipc/frames.hpp"

namespace ringpost::daemon {

struct DaemonStatus {
  std::string version;
  pid_t pid = 0;
  std::int64_t uptime_s = 0;
  std::string librdkafka;
  bool keeper = false;           // what is accepted now outlives this process
  std::uint64_t generation = 0;  // which daemon this is, as the keeper counts
  std::uint64_t kept_descriptors = 0;
  std::uint64_t clients = 0;           // connected
  std::uint64_t clients_departed = 0;  // gone, but their lanes are not drained yet
  std::uint64_t connections = 0;       // with those that have said no hello
  std::uint64_t lanes = 0;
  std::uint64_t lane_bytes = 0;
  std::uint64_t memory_bound_bytes = 0;  // memory_bound.hpp
  std::uint64_t protocol_errors = 0;     // connections that were ended for breaking the protocol
  std::array<std::uint64_t, ipc::kRefusalCount> refused{};  // by ipc::Refusal
  std::map<uid_t, Census::User> users;
  std::uint64_t reloads_refused = 0;
  std::vector<std::string>
      configuration_problems;  // why the file is not what runs; empty: as far as is known, it is
};

struct Reading {
  InstanceStatus instance;
  // The instance did not answer in time, and this is its last answer, from so long ago.
  bool late = false;
  std::int64_t age_ms = 0;
};

// In one word, as README.md lists them.
std::string_view state_of(const Reading& reading);

// One JSON object, UTF-8. Its fields are described in README.md; fields may be added, never changed.
std::string status_json(const DaemonStatus& daemon, const std::vector<const Reading*>& instances);

// The text in memory that nobody can change any more. Throws std::system_error.
ipc::Descriptor sealed_text(std::string_view text);

// Who is asked. Apart from the instances themselves so that a test can be slow to answer.
class ReadingSource {
 public:
  virtual ~ReadingSource() = default;
  virtual std::size_t size() const = 0;
  // What is known of it without asking: its name, and the brokers of its configuration.
  virtual InstanceStatus unasked(std::size_t index) const = 0;
  // `done` is called once, on any thread.
  virtual void read(std::size_t index, std::function<void(const InstanceStatus&)> done) = 0;
};

class InstanceReadings : public ReadingSource {
 public:
  // Must outlive it.
  explicit InstanceReadings(const std::vector<std::unique_ptr<Instance>>& instances)
      : instances_(instances) {}
  std::size_t size() const override { return instances_.size(); }
  InstanceStatus unasked(std::size_t index) const override;
  void read(std::size_t index, std::function<void(const InstanceStatus&)> done) override {
    instances_[index]->status(std::move(done));
  }

 private:
  const std::vector<std::unique_ptr<Instance>>& instances_;
};

// Takes readings of all instances, one round at a time for however many ask: those who ask during a round
// get the next one, and rounds begin at least kSpacing apart, so that a flood of questions costs the
// instances' threads no more than that. An instance that does not answer within kPatience is shown with its last
// reading, and not asked again before it has answered: nobody waits for it a second time.
class StatusRounds {
 public:
  // In the order of the instances. Called on the control thread.
  using Answer = std::function<void(const std::vector<Reading>& readings)>;
  static constexpr std::chrono::milliseconds kSpacing{20};
  static constexpr std::chrono::milliseconds kPatience{2'000};  // less than the ringpost command's own

  // Both must outlive it.
  StatusRounds(boost::asio::io_context& io, ReadingSource& source)
      : io_(io), source_(source), pause_(io), patience_(io) {}

  // Never answers before it returns.
  void ask(Answer answer);

 private:
  void begin_soon();
  void begin();
  void take(std::size_t index, const InstanceStatus& reading);
  void finish();

  // Of one instance, kept from round to round.
  struct Latest {
    InstanceStatus status;
    std::chrono::steady_clock::time_point taken{};
    std::uint64_t round = 0;  // in which it was asked last
    bool asked = false;       // and has not answered
  };

  boost::asio::io_context& io_;
  ReadingSource& source_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer patience_;
  std::chrono::steady_clock::time_point began_{};
  bool scheduled_ = false;  // a round is running or about to begin
  std::vector<Answer> next_;
  std::vector<Answer> current_;
  std::vector<Latest> latest_;
  std::uint64_t round_ = 0;
  std::size_t missing_ = 0;  // of those that were asked in this round
};

}  // namespace ringpost::daemon
