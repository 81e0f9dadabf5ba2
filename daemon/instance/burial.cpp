#include "daemon/instance/burial.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "daemon/config/log.hpp"
#include "ipc/clock.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {
namespace {

// One write's worth.
constexpr std::size_t kLettersAtOnce = 1024;
constexpr std::size_t kLetterBytesAtOnce = 1u << 20;

}  // namespace

void Burial::bury(Ticket ticket, CauseOfDeath cause) {
  // One that was overdue has its letter, or will have it; what comes after it is what the letter says already.
  if (const auto overdue = overdue_.find(ticket); overdue != overdue_.end()) {
    const bool settled = overdue->second.segment != 0 || letters_ == nullptr;
    overdue_.erase(overdue);
    if (settled) return records_.finish(ticket, WaitingRecords::End::kDead);
    for (std::deque<Letter>* letters : {&unwritten_, &written_}) {
      for (Letter& letter : *letters) letter.overdue = letter.overdue && letter.ticket != ticket;
    }
    return;
  }
  Letter letter{ticket, std::move(cause), ipc::realtime_ns() / 1'000'000, false, {}, 0};
  say(letter);
  if (letters_ == nullptr) return end(letter);
  unwritten_.push_back(std::move(letter));
}

void Burial::overdue(Ticket ticket) {
  CauseOfDeath cause{LetterReason::kOutcomeUnknown, 0,
                     "send_timeout passed while it was on its way to Kafka: it may have arrived"};
  Letter letter{ticket, std::move(cause), ipc::realtime_ns() / 1'000'000, true, {}, 0};
  say(letter);
  overdue_.emplace(ticket, Place{});
  if (letters_ == nullptr) return end(letter);
  unwritten_.push_back(std::move(letter));
}

void Burial::void_overdue(Ticket ticket) {
  const auto found = overdue_.find(ticket);
  if (found == overdue_.end()) return;
  if (found->second.segment != 0) letters_->void_letter(found->second);
  overdue_.erase(found);
  const auto is_its = [ticket](const Letter& letter) { return letter.overdue && letter.ticket == ticket; };
  std::erase_if(unwritten_, is_its);
  for (const Letter& letter : written_) {
    if (is_its(letter)) letters_->void_letter(letter.place);
  }
  std::erase_if(written_, is_its);
}

void Burial::step(std::int64_t now_ns) {
  if (letters_ == nullptr || idle()) return;
  take_back_lost();
  while (!unwritten_.empty() && !trouble_.pauses(now_ns) && write_some(now_ns)) {
  }
  settle();
}

bool Burial::write_some(std::int64_t now_ns) {
  std::vector<StoredLetter> letters;
  std::vector<std::string> names;
  names.reserve(kLettersAtOnce);  // the letters point into it
  std::size_t bytes = 0;
  for (const Letter& each : unwritten_) {
    StoredLetter& letter = letters.emplace_back();
    letter.record = records_.stored(each.ticket);
    letter.record.moved_from = 0;
    records_.name_as_first_tried(letter.record);
    letter.reason = each.cause.reason;
    letter.code = each.cause.code;
    letter.time_ms = each.time_ms;
    letter.instance = instance_;
    letter.client = names.emplace_back(client_name_ ? client_name_(each.ticket) : std::string());
    letter.detail = each.cause.detail;
    bytes += letter.record.record.size();
    if (letters.size() == kLettersAtOnce || bytes >= kLetterBytesAtOnce) break;
  }
  std::vector<Place> places;
  if (const int error = letters_->write(letters, places); error != 0) {
    trouble_.failed(error, "dead letters can't be written", now_ns);
    return false;
  }
  const std::uint64_t position = letters_->log().appended();
  for (const Place& place : places) {
    Letter& letter = written_.emplace_back(std::move(unwritten_.front()));
    unwritten_.pop_front();
    letter.place = place;
    letter.position = position;
  }
  return true;
}

void Burial::take_back_lost() {
  while (const auto lost = letters_->log().take_lost()) {
    trouble_.failed(lost->error, "dead letters could not be synced", ipc::monotonic_ns());
    for (auto letter = written_.rbegin(); letter != written_.rend(); ++letter) {
      if (letter->position > lost->from && letter->position <= lost->to) unwritten_.push_front(*letter);
    }
    std::erase_if(written_, [&](const Letter& letter) {
      return letter.position > lost->from && letter.position <= lost->to;
    });
  }
}

void Burial::settle() {
  const std::uint64_t synced = letters_->log().synced();
  while (!written_.empty() && written_.front().position <= synced) {
    trouble_.succeeded("dead letters");
    end(written_.front());
    written_.pop_front();
  }
  // What can't be written now is tried again, here or by tidy(); and whoever comes after a crash finds the newer letter.
  if (letters_->log().unflushed_marks() != 0) letters_->log().flush_marks();
}

void Burial::end(const Letter& letter) {
  ++dead_by_reason_.try_emplace(std::string(to_string(letter.cause.reason))).first->second;
  // Of what was tried again in vain the new letter counts, now that it is safe.
  const std::uint64_t replay_of = records_.replay_of(letter.ticket);
  if (replay_of != 0 && letters_ != nullptr) letters_->mark(unpack(replay_of), kLetterReplayed);
  if (!letter.overdue) return records_.finish(letter.ticket, WaitingRecords::End::kDead);
  records_.set_overdue(letter.ticket);
  overdue_.at(letter.ticket) = letter.place;
}

std::uint64_t Burial::waiting() const {
  const auto waits = [](const Letter& letter) { return !letter.overdue; };
  return static_cast<std::uint64_t>(std::count_if(unwritten_.begin(), unwritten_.end(), waits) +
                                    std::count_if(written_.begin(), written_.end(), waits));
}

std::uint64_t Burial::overdue_inside() const {
  return static_cast<std::uint64_t>(std::count_if(overdue_.begin(), overdue_.end(), [this](const auto& each) {
    return letters_ == nullptr || each.second.segment != 0;
  }));
}

bool Burial::finish_now() {
  if (letters_ == nullptr) return true;
  take_back_lost();
  while (!unwritten_.empty() && write_some(ipc::monotonic_ns())) {
  }
  letters_->log().sync_now();
  settle();
  take_back_lost();
  return idle();
}

void Burial::say(const Letter& letter) const {
  const ipc::RecordView record = records_.view(letter.ticket);
  const std::string_view reason = to_string(letter.cause.reason);
  const std::string_view code = letter.cause.code != 0 ? kafka::error_name(letter.cause.code) : reason;
  log_limited(spdlog::level::err, instance_ + "/dead/" + std::string(reason),
              {.instance = instance_, .topic = record.topic, .error_code = code},
              "instance {}: event {} for topic {} ({} bytes) is {}: {}: {}", instance_,
              records_.id(letter.ticket), record.topic, record.event_bytes(),
              letters_ == nullptr ? "lost, for there is no state_dir to keep it in" : "a dead letter", reason,
              letter.cause.detail);
}

}  // namespace ringpost::daemon
