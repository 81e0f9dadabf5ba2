// The arena's records as the Kafka side sees them, and what becomes of each: delivered, or a dead letter with
// its reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/instance/arena.hpp"
#include "daemon/instance/topics.hpp"
#include "kafka/records.hpp"

namespace ringpost::daemon {

class Delivery final : public kafka::RecordOwner {
 public:
  Delivery(std::string instance, Arena& arena, Topics& topics)
      : instance_(std::move(instance)), arena_(arena), topics_(topics) {}

  kafka::RecordView view(kafka::Ticket ticket, std::vector<kafka::Header>& headers) override;
  void handed(kafka::Ticket ticket, std::int32_t partition) override { arena_.set_handed(ticket, partition); }
  void delivered(kafka::Ticket ticket, std::int32_t partition, std::int64_t offset) override;
  void dead(kafka::Ticket ticket, const kafka::DeadNotice& notice) override;
  void overdue(kafka::Ticket /*ticket*/) override {}  // it stays inside librdkafka, and ends as that says
  void topic_facts(std::string_view topic, const kafka::TopicFacts& facts) override;
  std::uint64_t sequence(kafka::Ticket ticket) override { return arena_.prefix(ticket).sequence; }
  // There is no disk yet: everything stays in the arena.
  std::optional<kafka::Ticket> put_on_disk(std::span<const kafka::Ticket> /*tickets*/,
                                           std::int32_t /*partition*/) override {
    return std::nullopt;
  }
  BringBack bring_back(kafka::Ticket block, std::vector<Returned>& records) override;

  // Ends a record that never went to the Kafka side.
  void bury(Arena::Ticket ticket, std::string_view reason, std::string_view detail);
  const std::map<std::string, std::uint64_t, std::less<>>& dead_by_reason() const { return dead_by_reason_; }

 private:
  std::string instance_;
  Arena& arena_;
  Topics& topics_;
  std::map<std::string, std::uint64_t, std::less<>> dead_by_reason_;
};

}  // namespace ringpost::daemon
