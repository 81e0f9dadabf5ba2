// The waiting records as the Kafka side sees them, and what becomes of each: delivered, a dead letter with its reason, or on
// disk until its turn comes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/instance/burial.hpp"
#include "daemon/instance/overflow.hpp"
#include "daemon/instance/replays.hpp"
#include "daemon/instance/topics.hpp"
#include "daemon/instance/waiting_records.hpp"
#include "kafka/records.hpp"

namespace ringpost::daemon {

class Delivery final : public kafka::RecordOwner {
 public:
  struct Parts {
    WaitingRecords& records;
    Topics& topics;
    Burial& burial;
    Overflow& overflow;
    Replays& replays;
  };
  Delivery(std::string instance, Parts parts) : instance_(std::move(instance)), parts_(parts) {}

  kafka::RecordView view(kafka::Ticket ticket, std::vector<kafka::Header>& headers) override;
  std::uint64_t sequence(kafka::Ticket ticket) override { return parts_.overflow.sequence(ticket); }
  void handed(kafka::Ticket ticket, std::int32_t partition) override {
    parts_.records.set_handed(ticket, partition);
  }
  void delivered(kafka::Ticket ticket, std::int32_t partition, std::int64_t offset) override;
  void dead(kafka::Ticket ticket, const kafka::DeadNotice& notice) override;
  void overdue(kafka::Ticket ticket) override { parts_.burial.overdue(ticket); }
  std::optional<kafka::Ticket> put_on_disk(std::span<const kafka::Ticket> tickets,
                                           std::int32_t partition) override {
    return parts_.overflow.put_on_disk(tickets, partition);
  }
  BringBack bring_back(kafka::Ticket block, std::vector<Returned>& records) override {
    return parts_.overflow.bring_back(block, records);
  }
  void topic_facts(std::string_view topic, const kafka::TopicFacts& facts) override;

 private:
  std::string instance_;
  Parts parts_;
  std::string id_;  // of the record that is looked at, where it is not this arena's
};

}  // namespace ringpost::daemon
