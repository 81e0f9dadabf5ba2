// The end of records that Kafka does not get: each becomes a dead letter on disk, and only then ends in the arena or in
// the spool. A letter that can't be written now waits, and its record with it: it is lost only where there is no disk at all.
//
//     bury() ─▶ unwritten ──step(): appended──▶ written ──synced──▶ ended: dead (or overdue: see below)
//                   ▲                              │
//                   └────── failed, or lost ───────┘
//
// An overdue record is inside librdkafka when its send_timeout passes: it may have arrived. Its letter says so, it counts as
// dead from then on, and an acknowledgement that comes later voids the letter.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/disk/dead_letters.hpp"
#include "daemon/disk/disk_trouble.hpp"
#include "daemon/instance/waiting_records.hpp"

namespace ringpost::daemon {

struct CauseOfDeath {
  LetterReason reason = LetterReason::kRefusedByBroker;
  int code = 0;  // Kafka's, where it said one
  std::string detail;
};

class Burial {
 public:
  using Ticket = WaitingRecords::Ticket;
  // What a record's client calls itself; empty: it is gone.
  using ClientName = std::function<std::string(Ticket ticket)>;

  // `letters` may be null: then a dead record is counted, logged and gone.
  Burial(std::string instance, WaitingRecords& records, DeadLetters* letters)
      : instance_(std::move(instance)), records_(records), letters_(letters), trouble_(instance_) {}
  void name_clients_by(ClientName client_name) { client_name_ = std::move(client_name); }

  void bury(Ticket ticket, CauseOfDeath cause);
  void overdue(Ticket ticket);
  // Before the record ends as delivered: what was said of it as overdue is void.
  void acknowledged(Ticket ticket) {
    if (!overdue_.empty()) void_overdue(ticket);
  }

  // Once a turn: writes letters, ends records whose letters are safe.
  void step(std::int64_t now_ns);
  // Writes and syncs what can be; false: some letters are not on disk.
  bool finish_now();
  bool idle() const { return unwritten_.empty() && written_.empty(); }
  std::uint64_t unwritten() const { return unwritten_.size(); }
  // Records that wait for their letters, and nowhere else; and those inside librdkafka that count as dead already.
  std::uint64_t waiting() const;
  std::uint64_t overdue_inside() const;

  const std::map<std::string, std::uint64_t, std::less<>>& dead_by_reason() const { return dead_by_reason_; }
  const DiskTrouble& trouble() const { return trouble_; }

 private:
  struct Letter {
    Ticket ticket = 0;
    CauseOfDeath cause;
    std::int64_t time_ms = 0;
    bool overdue = false;
    Place place;
    std::uint64_t position = 0;
  };

  void void_overdue(Ticket ticket);
  bool write_some(std::int64_t now_ns);  // false: there is nothing, or it can't be
  void take_back_lost();
  void settle();
  void end(const Letter& letter);
  void say(const Letter& letter) const;

  std::string instance_;
  WaitingRecords& records_;
  DeadLetters* letters_;
  ClientName client_name_;
  std::deque<Letter> unwritten_;
  std::deque<Letter> written_;  // not synced yet
  std::unordered_map<Ticket, Place>
      overdue_;  // inside librdkafka; an empty place: the letter is not settled yet
  std::map<std::string, std::uint64_t, std::less<>> dead_by_reason_;
  DiskTrouble trouble_;
};

}  // namespace ringpost::daemon
