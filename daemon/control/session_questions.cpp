// What administrators ask of one instance: that it counts everything again, and what becomes of dead letters. The instance's
// thread does it, for memory and files are its.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/control/audit_json.hpp"
#include "daemon/control/session.hpp"

namespace ringpost::daemon {

// Null: it was refused.
Instance* Session::asked_about(std::uint64_t number, std::string_view instance) {
  if (!may_see_all(who_)) {
    refuse_question(
        number, ipc::Refusal::kDenied,
        fmt::format("only root and the user that ringpostd runs as (uid {}) may ask for that; you "
                    "are {}",
                    ::geteuid(), text_of(who_.peer)));
    return nullptr;
  }
  if (state_.stopping) {
    refuse_question(number, ipc::Refusal::kStopping, "the daemon is stopping");
    return nullptr;
  }
  const auto found = std::find_if(state_.instances.begin(), state_.instances.end(),
                                  [instance](const auto& each) { return each->config().name == instance; });
  if (found == state_.instances.end()) {
    refuse_question(number, ipc::Refusal::kNoSuchInstance,
                    fmt::format("instance {} is not in the daemon's configuration", printable(instance)));
    return nullptr;
  }
  return found->get();
}

void Session::refuse_question(std::uint64_t number, ipc::Refusal refusal, std::string_view text) {
  refuse(number, refusal, text);
  if (!client_) end();
}

void Session::audit(const ipc::Frame& frame) {
  const std::uint64_t number = frame.header.number;
  Instance* const instance = asked_about(number, ipc::text_field(frame.body.audit.instance));
  if (instance == nullptr) return;
  phase_ = Phase::kAnswering;
  instance->audit([weak = weak_from_this(), &io = state_.io, number](const InstanceAudit& audit) {
    boost::asio::post(io, [weak, number, audit] {
      const auto self = weak.lock();
      if (self && self->phase_ == Phase::kAnswering) self->send_text(number, audit_json(audit));
    });
  });
}

void Session::decide_letters(const ipc::Frame& frame) {
  const std::uint64_t number = frame.header.number;
  const ipc::LettersBody& body = frame.body.letters;
  const auto action = static_cast<ipc::LetterAction>(body.action);
  const bool known = action == ipc::LetterAction::kReplay || action == ipc::LetterAction::kPurge;
  Instance* const instance = asked_about(number, ipc::text_field(body.instance));
  if (instance == nullptr) return;
  if (!known || body.count > ipc::kLettersAtOnceMax)
    return protocol_error("it asked for something about dead letters that there is not");
  phase_ = Phase::kAnswering;
  instance->decide_letters(
      action, {body.letters, body.letters + body.count},
      [weak = weak_from_this(), &io = state_.io, number](const std::vector<ipc::LetterResult>& results) {
        boost::asio::post(io, [weak, number, results] {
          const auto self = weak.lock();
          if (self && self->phase_ == Phase::kAnswering) self->send_letters_done(number, results);
        });
      });
}

void Session::send_letters_done(std::uint64_t number, const std::vector<ipc::LetterResult>& results) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kLettersDone, number);
  frame.body.letters_done.count = static_cast<std::uint32_t>(results.size());
  std::transform(results.begin(), results.end(), frame.body.letters_done.results,
                 [](ipc::LetterResult result) { return static_cast<std::uint32_t>(result); });
  answer(frame);
  if (!client_) end();  // that was all it may ask
}

}  // namespace ringpost::daemon
