#include "daemon/command/status_client.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "ipc/control_socket.hpp"
#include "ipc/frames.hpp"

namespace ringpost::daemon {
namespace {

constexpr int kAnswerTimeoutMs = 5'000;
constexpr std::uint64_t kStatusMaxBytes = std::uint64_t{64}
                                          << 20;  // what says it is longer is not our daemon

StatusAnswer problem(std::string text) { return {{}, std::move(text)}; }

std::string connect_problem(std::string_view path, int error) {
  const std::string why = std::generic_category().message(error);
  switch (error) {
    case ENOENT:
      return fmt::format(
          "no daemon at {}: there is no such socket. Is ringpostd running, and is the path right "
          "(--socket, --config, RINGPOST_SOCKET)?",
          path);
    case ECONNREFUSED:
      return fmt::format("no daemon at {}: nobody listens there. Start ringpostd.", path);
    case EACCES:
      return fmt::format("no access to {}: this user may not write to the socket", path);
    case ENAMETOOLONG:
      return fmt::format("the socket's path has {} bytes; at most 107 are possible", path.size());
    default:
      return fmt::format("can't connect to {}: {}", path, why);
  }
}

// The memory is sealed, but that it is so is the daemon's word: read it, don't map it.
StatusAnswer read_text(const ipc::Descriptor& memory, std::uint64_t size_bytes_untrusted) {
  struct stat status {};
  if (!memory || fstat(memory.get(), &status) != 0 || size_bytes_untrusted > kStatusMaxBytes ||
      static_cast<std::uint64_t>(status.st_size) < size_bytes_untrusted) {
    return problem("the daemon's answer holds no status text: is it of another version?");
  }
  StatusAnswer answer;
  answer.json.resize(size_bytes_untrusted);
  std::size_t done = 0;
  while (done < answer.json.size()) {
    const ssize_t count =
        pread(memory.get(), answer.json.data() + done, answer.json.size() - done, static_cast<off_t>(done));
    if (count <= 0) {
      return problem(
          fmt::format("the daemon's status text ends after {} of {} bytes", done, answer.json.size()));
    }
    done += static_cast<std::size_t>(count);
  }
  return answer;
}

// One question and its answer on one connection.
class Conversation {
 public:
  Conversation(ipc::Descriptor socket, std::string_view path) : socket_(std::move(socket)), path_(path) {}

  // True: `answer()` is the answer, of the type wanted. False: `problem()` says why not.
  bool ask(ipc::Frame question, ipc::FrameType wanted);

  const ipc::Received& answer() const { return answer_; }
  const std::string& problem() const { return problem_; }

 private:
  std::string problem_of_answer(ipc::FrameType wanted) const;

  ipc::Descriptor socket_;
  std::string_view path_;
  std::uint64_t number_ = 0;
  ipc::Received answer_;
  std::string problem_;
};

bool Conversation::ask(ipc::Frame question, ipc::FrameType wanted) {
  question.header.number = ++number_;
  // A daemon that closes a connection at once says why before it does: so the answer is looked for in any case.
  ipc::send_frame(socket_.get(), question);
  answer_ = ipc::receive_answer(socket_.get(), kAnswerTimeoutMs);
  problem_ = problem_of_answer(wanted);
  return problem_.empty();
}

std::string Conversation::problem_of_answer(ipc::FrameType wanted) const {
  switch (answer_.what) {
    case ipc::Received::What::kNothing:
      return fmt::format("the daemon at {} did not answer within {} s", path_, kAnswerTimeoutMs / 1'000);
    case ipc::Received::What::kEnd:
      return fmt::format("the daemon at {} closed the connection", path_);
    case ipc::Received::What::kGarbage:
      return fmt::format("what listens at {} does not speak Ringpost's protocol", path_);
    case ipc::Received::What::kFrame:
      break;
  }
  const ipc::Frame& frame = answer_.frame;
  if (frame.header.type == ipc::FrameType::kRefused) {
    return fmt::format("the daemon at {} refused: {}", path_, ipc::text_field(frame.body.refused.text));
  }
  if (frame.header.type != wanted || frame.header.number != number_) {
    return fmt::format("the daemon at {} answered something else: is it of another version?", path_);
  }
  return {};
}

// A question that is answered by a text.
StatusAnswer ask_text(std::string_view socket_path, const ipc::Frame& question) {
  ipc::Descriptor socket = ipc::connect_control(socket_path);
  if (!socket) {
    return problem(connect_problem(socket_path, errno));
  }
  Conversation conversation(std::move(socket), socket_path);
  if (!conversation.ask(question, ipc::FrameType::kStatusText)) {
    return problem(conversation.problem());
  }
  return read_text(conversation.answer().descriptors[0],
                   conversation.answer().frame.body.status_text.size_bytes);
}

}  // namespace

// Without a hello: who asks for the status is no client, and gets it when there can be no more of them.
StatusAnswer ask_status(std::string_view socket_path) {
  return ask_text(socket_path, ipc::make_frame(ipc::FrameType::kStatus, 0));
}

StatusAnswer ask_audit(std::string_view socket_path, std::string_view instance) {
  ipc::Frame question = ipc::make_frame(ipc::FrameType::kAudit, 0);
  ipc::set_text_field(question.body.audit.instance, instance);
  return ask_text(socket_path, question);
}

LettersAnswer ask_letters(std::string_view socket_path, std::string_view instance, ipc::LetterAction action,
                          std::span<const ipc::LetterName> letters) {
  ipc::Descriptor socket = ipc::connect_control(socket_path);
  if (!socket) {
    return {{}, connect_problem(socket_path, errno)};
  }
  Conversation conversation(std::move(socket), socket_path);
  ipc::Frame question = ipc::make_frame(ipc::FrameType::kLetters, 0);
  ipc::LettersBody& body = question.body.letters;
  ipc::set_text_field(body.instance, instance);
  body.action = static_cast<std::uint32_t>(action);
  body.count = static_cast<std::uint32_t>(letters.size());
  std::copy(letters.begin(), letters.end(), body.letters);
  if (!conversation.ask(question, ipc::FrameType::kLettersDone)) {
    return {{}, conversation.problem()};
  }
  const ipc::LettersDoneBody& done = conversation.answer().frame.body.letters_done;
  if (done.count != letters.size()) {
    return {{},
            fmt::format("the daemon at {} answered about {} letters of {}", socket_path, done.count,
                        letters.size())};
  }
  LettersAnswer answer;
  for (std::size_t at = 0; at < letters.size(); ++at) {
    answer.results.push_back(static_cast<ipc::LetterResult>(done.results[at]));
  }
  return answer;
}

}  // namespace ringpost::daemon
