#include "daemon/instance/intake.hpp"

#include <algorithm>
#include <cassert>
#include <exception>
#include <limits>
#include <unordered_set>
#include <utility>

#include "client-lib/json_check.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

CauseOfDeath cause(LetterReason reason, std::string detail) { return {reason, 0, std::move(detail)}; }

}  // namespace

CauseOfDeath taken_away(const InstanceConfig& config) {
  if (config.removed) {
    return cause(LetterReason::kInstanceRemoved,
                 "the instance was taken out of the configuration while this event waited");
  }
  return cause(LetterReason::kTopicRemoved,
               "the topic was taken off the instance's list while this event waited");
}

Intake::Intake(const InstanceConfig& config, Parts parts, Journal journal)
    : config_(config), parts_(parts), journal_(std::move(journal)), feeds_(drain_.feeds()) {}

bool Intake::open_lane(std::shared_ptr<Client> client, std::uint64_t lane_id, std::uint32_t slot,
                       const ipc::Descriptor& memory, std::size_t capacity_bytes) {
  LaneBooks books;
  books.journal_entry = journal_.enter({lane_id, client->id, capacity_bytes, slot});
  if (books.journal_entry == Journal::kFull) return false;
  try {
    feeds_.push_back(std::make_unique<LaneFeed>(std::move(client), lane_id, slot, memory, capacity_bytes,
                                                ipc::record_bytes_max(config_.max_event_size_bytes)));
    books_.emplace(lane_id, books);
  } catch (const std::exception&) {
    // No memory, or no room for another mapping (vm.max_map_count): this lane is refused, the others go on.
    if (!feeds_.empty() && feeds_.back()->lane_id() == lane_id) feeds_.pop_back();
    journal_.forget(books.journal_entry);
    return false;
  }
  return true;
}

void Intake::client_gone(std::uint64_t client_id, std::function<void()> done) {
  going_.emplace(client_id, std::move(done));
}

DrainResult Intake::round() {
  realtime_offset_ns_ = ipc::realtime_ns() - ipc::monotonic_ns();
  const DrainResult result =
      drain_.round([this](LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
        return accept(feed, stamp_ns, bytes);
      });
  if (result.records != 0) {
    parts_.arena.commit();
    release_lanes();
    for (Buried& buried : buried_) parts_.burial.bury(buried.ticket, std::move(buried.cause));
    buried_.clear();
  }
  note_malformed();
  if (!going_.empty() || !abandoned_.empty()) forget_finished();
  return result;
}

bool Intake::accept(LaneFeed& feed, std::int64_t stamp_ns, std::span<const std::byte> bytes) {
  ipc::RecordView record;
  [[maybe_unused]] const ipc::RecordError error = ipc::parse_record(bytes, record);
  assert(error == ipc::RecordError::kNone);  // the feed has parsed these same bytes
  const Topics::Rule& rule = parts_.topics.rule(record.topic, feed.client());
  if (!parts_.arena.has_room(rule.tenant, bytes.size())) return false;
  Arena::Origin origin;
  origin.lane_id = feed.lane_id();
  origin.lane_position = feed.position_behind_front();
  origin.stamp_ns = stamp_ns;
  origin.create_time_ms = (stamp_ns + realtime_offset_ns_) / 1'000'000;
  origin.client_uid = feed.client().peer.uid;
  origin.client_pid = feed.client().peer.pid;
  const Arena::Ticket ticket = parts_.arena.append(origin, rule.tenant, bytes);
  if (rule.full) note_beyond_share(feed, bytes.size());

  const bool inherited = feed.front_is_inherited();
  const bool revoked = !inherited && !revoked_.empty() && revoked_.contains(feed.client().id);
  Verdict verdict = revoked ? refuse_revoked(feed, bytes.size()) : check(record, rule, inherited);
  if (verdict) {
    buried_.push_back({ticket, std::move(*verdict)});
    return true;
  }
  queue(ticket, record, rule.deadline_ns(stamp_ns), false);
  return true;
}

void Intake::queue(Arena::Ticket ticket, const ipc::RecordView& record, std::int64_t deadline_ns,
                   bool tried) {
  kafka::Outbox::Addition addition;
  addition.ticket = ticket;
  addition.topic = record.topic;
  addition.key = record.key;
  addition.size_bytes = static_cast<std::uint32_t>(record.event_bytes());
  addition.deadline_ns = deadline_ns;
  addition.tried = tried;
  parts_.outbox.add(addition);
}

// A call that asks the board is refused once its topic is marked: what still comes lay in the lane then, or was one
// call on its way. Whoever brings more does not ask, and could fill the arena with that topic.
void Intake::note_beyond_share(LaneFeed& feed, std::size_t record_bytes) {
  LaneBooks& books = books_.at(feed.lane_id());
  if (std::exchange(books.markings, parts_.topics.markings()) != parts_.topics.markings())
    books.beyond_share_bytes = 0;
  books.beyond_share_bytes += record_bytes;
  if (books.beyond_share_bytes > 2 * feed.capacity_bytes())
    feed.end_for("it goes on publishing to a topic that has used up its share of the buffer");
}

// An honest client comes to know of it with its new boards. Who goes on would fill the dead letters.
Intake::Verdict Intake::refuse_revoked(LaneFeed& feed, std::size_t record_bytes) {
  LaneBooks& books = books_.at(feed.lane_id());
  books.revoked_bytes += record_bytes;
  if (books.revoked_bytes > 2 * feed.capacity_bytes())
    feed.end_for("it goes on publishing to an instance that it may not use any more");
  if (config_.removed) return taken_away(config_);
  return cause(LetterReason::kDenied, "the client's user may not use the instance any more (allow)");
}

Intake::Verdict Intake::check(const ipc::RecordView& record, const Topics::Rule& rule, bool inherited) const {
  if (config_.removed) return taken_away(config_);
  // The board says so, and an honest client has asked it. What was accepted before is delivered.
  if (!config_.enabled && !inherited)
    return cause(LetterReason::kDisabled, "the instance is switched off (enabled = false)");
  if (rule.over_quota) {
    return cause(
        LetterReason::kTooManyUnknownTopics,
        "this client or its user has brought too many names that no pattern of the configuration spells out "
        "and the cluster does not know (unknown_topics_per_client_max, unknown_topics_per_user_max)");
  }
  if (!rule.listed && inherited) return taken_away(config_);
  if (!rule.listed) return cause(LetterReason::kUnknownTopic, "not on the instance's list of topics");
  if (rule.compacted && !record.key)
    return cause(LetterReason::kNullKey, "the topic is compacted and takes no null keys");
  if (record.event_bytes() > rule.max_event_bytes) {
    return cause(LetterReason::kTooLarge,
                 "larger than the topic's limit of " + std::to_string(rule.max_event_bytes) + " bytes");
  }
  const json::JsonError error = json::check_json(record.message, ipc::kJsonDepthMax);
  if (error) return cause(LetterReason::kInvalidJson, "not JSON at byte " + std::to_string(error.offset));
  return std::nullopt;
}

// After the arena's commit only: until then a lane is the one place where its records surely are.
void Intake::release_lanes() {
  for (const auto& feed : feeds_) {
    LaneBooks& books = books_.at(feed->lane_id());
    if (books.released == feed->position()) continue;
    books.released = feed->position();
    journal_.release(books.journal_entry, books.released);
    ipc::LaneReader::release(feed->client().board.released(feed->slot()), books.released);
  }
}

void Intake::note_malformed() {
  for (const auto& feed : feeds_) {
    if (!feed->malformed()) continue;
    LaneBooks& books = books_.at(feed->lane_id());
    if (books.reported) continue;
    books.reported = true;
    ++malformed_lanes_;
    malformed_.push_back({feed->client().id, feed->why_malformed()});
  }
}

std::vector<Intake::Malformed> Intake::take_malformed() { return std::exchange(malformed_, {}); }

// Lanes of clients that are gone, once they are empty. Each has been looked at in this round, after its
// client's end.
void Intake::forget_finished() {
  const auto finished = [this](const std::unique_ptr<LaneFeed>& feed) {
    if (!going_.contains(feed->client().id) && !abandoned_.contains(feed->lane_id())) return false;
    if (!feed->empty()) return false;
    const auto refused = feed->reader().refused_untrusted();
    for (std::size_t code = 0; code < refused.size(); ++code) refused_before_[code] += refused[code];
    journal_.forget(books_.at(feed->lane_id()).journal_entry);
    books_.erase(feed->lane_id());
    abandoned_.erase(feed->lane_id());
    return true;
  };
  feeds_.erase(std::remove_if(feeds_.begin(), feeds_.end(), finished), feeds_.end());

  std::unordered_set<std::uint64_t> with_lanes;
  for (const auto& feed : feeds_) with_lanes.insert(feed->client().id);
  for (auto going = going_.begin(); going != going_.end();) {
    if (with_lanes.contains(going->first)) {
      ++going;
      continue;
    }
    parts_.topics.client_gone(going->first);
    revoked_.erase(going->first);
    const auto done = std::move(going->second);
    going = going_.erase(going);
    if (done) done();
  }
}

bool Intake::has_unseen() {
  for (const auto& feed : feeds_) feed->look();
  return !lanes_are_empty();
}

bool Intake::lanes_are_empty() const {
  return std::all_of(feeds_.begin(), feeds_.end(), [](const auto& feed) { return feed->empty(); });
}

std::uint64_t Intake::waiting_in_lanes() const {
  std::uint64_t records = 0;
  for (const auto& feed : feeds_) records += feed->waiting_records();
  return records;
}

std::uint64_t Intake::count_lanes_again() const {
  std::uint64_t records = 0;
  for (const auto& feed : feeds_) records += feed->count_again();
  return records;
}

std::uint64_t Intake::lane_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& feed : feeds_) bytes += feed->capacity_bytes();
  return bytes;
}

std::uint64_t Intake::waiting_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& feed : feeds_) bytes += feed->waiting_bytes();
  return bytes;
}

std::uint64_t Intake::client_count() const {
  std::unordered_set<std::uint64_t> clients;
  for (const auto& feed : feeds_) clients.insert(feed->client().id);
  return clients.size();
}

std::string Intake::client_name_of(std::uint64_t lane_id) const {
  const auto found = std::find_if(feeds_.begin(), feeds_.end(),
                                  [lane_id](const auto& feed) { return feed->lane_id() == lane_id; });
  return found == feeds_.end() ? std::string() : (*found)->client().name();
}

std::array<std::uint64_t, ipc::kRefusedCodes> Intake::refused_untrusted() const {
  auto totals = refused_before_;
  for (const auto& feed : feeds_) {
    const auto refused = feed->reader().refused_untrusted();
    for (std::size_t code = 0; code < refused.size(); ++code) totals[code] += refused[code];
  }
  return totals;
}

}  // namespace ringpost::daemon
