// Counts again what is in memory: the arena from its chunks, the lanes from their records, the queues from their entries.
#include <fmt/format.h>

#include <utility>

#include "daemon/instance/ledger.hpp"
#include "daemon/instance/loop.hpp"

namespace ringpost::daemon {
namespace {

void compare_totals(std::vector<AuditLine>& lines, const std::string& where, const Totals& books,
                    const Totals& found) {
  lines.push_back({where + ": waiting", books.waiting, found.waiting});
  lines.push_back({where + ": delivered", books.delivered, found.delivered});
  lines.push_back({where + ": dead letters", books.dead, found.dead});
  lines.push_back({where + ": put on disk", books.spooled, found.spooled});
}

}  // namespace

InstanceAudit Instance::Loop::audit() {
  InstanceAudit audit;
  audit.name = config_.name;
  audit_arena(audit.lines);
  const Balance sums = balance(arena_, disk_.spool.get());
  audit.lines.push_back({"all: accepted = delivered + waiting + dead letters", sums.accepted,
                         sums.delivered + sums.waiting_in_arena + sums.waiting_on_disk + sums.dead});
  audit.lines.push_back({"all: missing on disk", 0, sums.missing});
  // Whatever waits is in one place from which it goes on.
  const kafka::OutboxCounts counts = outbox_.counts();
  const std::uint64_t found =
      counts.queued + counts.in_flight - burial_.overdue_inside() + burial_.waiting() + unlisted_records();
  audit.lines.push_back({"queues: waiting", sums.waiting_in_arena + sums.waiting_on_disk, found});
  intake_.has_unseen();  // looks
  audit.lines.push_back({"lanes: waiting", intake_.waiting_in_lanes(), intake_.count_lanes_again()});
  audit_disk(audit);
  return audit;
}

void Instance::Loop::audit_arena(std::vector<AuditLine>& lines) const {
  const Arena::Audit found = arena_.audit();
  lines.push_back({"arena: accepted", arena_.accepted(), found.accepted});
  compare_totals(lines, "arena", arena_.sums(), found);
  std::vector<TopicTotals> books = arena_.totals();
  for (std::size_t number = 0; number < books.size() && number < found.topics.size(); ++number) {
    const std::string name = books[number].name.empty() ? "other topics" : "topic " + books[number].name;
    compare_totals(lines, "arena, " + name, books[number], found.topics[number]);
  }
}

void Instance::Loop::audit_disk(InstanceAudit& audit) {
  audit.directory = disk_.directory;
  if (disk_.spool) {
    disk_.spool->log().flush_marks();
    audit.spool = disk_.spool->audit();
  }
  if (disk_.letters) {
    disk_.letters->log().flush_marks();
    audit.letters = disk_.letters->audit();
  }
}

std::uint64_t Instance::Loop::unlisted_records() const {
  std::uint64_t records = 0;
  for (const Spool::Ticket block : unlisted_blocks_) records += disk_.spool->records_of(block);
  return records;
}

}  // namespace ringpost::daemon
