// What an administrator decides about dead letters: the instance's thread does it, for the files are its.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/control/session.hpp"

namespace ringpost::daemon {

void Session::decide_letters(const ipc::Frame& frame) {
  const std::uint64_t number = frame.header.number;
  const ipc::LettersBody& body = frame.body.letters;
  if (!may_see_all(who_)) {
    return refuse_letters(
        number, ipc::Refusal::kDenied,
        fmt::format("only root and the user that ringpostd runs as (uid {}) decide about dead "
                    "letters; you are uid {}",
                    ::geteuid(), who_.peer.uid));
  }
  if (state_.stopping) return refuse_letters(number, ipc::Refusal::kStopping, "the daemon is stopping");
  const auto action = static_cast<ipc::LetterAction>(body.action);
  const bool known = action == ipc::LetterAction::kReplay || action == ipc::LetterAction::kPurge;
  if (!known || body.count > ipc::kLettersAtOnceMax)
    return protocol_error("it asked for something about dead letters that there is not");
  const std::string_view name = ipc::text_field(body.instance);
  const auto instance = std::find_if(state_.instances.begin(), state_.instances.end(),
                                     [name](const auto& each) { return each->config().name == name; });
  if (instance == state_.instances.end()) {
    return refuse_letters(number, ipc::Refusal::kNoSuchInstance,
                          fmt::format("instance {} is not in the daemon's configuration", printable(name)));
  }
  phase_ = Phase::kAnswering;
  (*instance)->decide_letters(
      action, {body.letters, body.letters + body.count},
      [weak = weak_from_this(), &io = state_.io, number](const std::vector<ipc::LetterResult>& results) {
        boost::asio::post(io, [weak, number, results] {
          const auto self = weak.lock();
          if (self && self->phase_ == Phase::kAnswering) self->send_letters_done(number, results);
        });
      });
}

void Session::refuse_letters(std::uint64_t number, ipc::Refusal refusal, std::string_view text) {
  refuse(number, refusal, text);
  if (!client_) end();
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
