// Dead letters that an administrator decides about. A replay is a new record in the arena that carries the ringpost-id of
// the first try; its letter stays until that record has ended, and is marked as replayed then:
//
//     letter ──replay()──▶ record in the arena ─▶ queue, spool and so on, as every record ─▶ delivered: letter marked
//                          (names the letter's place)                                        dead again: a new letter,
//                                                                                            and this one marked (Burial)
//
// So a crash at any point loses nothing: the letter says that it waits until the end of its replay is known.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/disk/dead_letters.hpp"
#include "daemon/disk/disk_trouble.hpp"
#include "daemon/instance/topics.hpp"
#include "daemon/instance/waiting_records.hpp"
#include "ipc/frames.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {

class Replays {
 public:
  using Ticket = WaitingRecords::Ticket;

  // `letters` may be null: then there are none.
  Replays(const InstanceConfig& config, WaitingRecords& records, Topics& topics, DeadLetters* letters)
      : config_(config), records_(records), topics_(topics), letters_(letters), trouble_(config.name) {}

  std::vector<ipc::LetterResult> replay(std::span<const ipc::LetterName> names, kafka::Outbox& outbox);
  std::vector<ipc::LetterResult> purge(std::span<const ipc::LetterName> names);

  // A record that is a replay was acknowledged: it ends in step(), after its letter's mark is written.
  void delivered(Ticket ticket);
  void step(std::int64_t now_ns);
  bool idle() const { return delivered_.empty(); }

 private:
  // kDone: `buffer` holds it.
  ipc::LetterResult find(const ipc::LetterName& name, std::vector<std::byte>& buffer,
                         StoredLetter& letter) const;
  ipc::LetterResult begin(const ipc::LetterName& name, std::vector<kafka::Outbox::Addition>& additions);

  const InstanceConfig& config_;
  WaitingRecords& records_;
  Topics& topics_;
  DeadLetters* letters_;
  std::vector<Ticket> delivered_;
  DiskTrouble trouble_;
};

}  // namespace ringpost::daemon
