// A daemon reduced to its KeeperLink. Reads commands, one a line, and says what happens, one thing a line:
//
//     open WHERE PATIENCE_MS  "taken TAKES ENDS_WITH_DAEMON NAME=TEXT...", or "error ..."; WHERE "-": RINGPOST_KEEPER
//     keep NAME TEXT          later: "kept NAME" or "not kept NAME"; keep-many COUNT: later one "kept COUNT"
//     drop NAME               later: "dropped NAME"
//     look                    "connected|away TAKES HELD"
//
// Unasked: "lost" and "back".
#include <array>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <istream>
#include <memory>
#include <sstream>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include "daemon/config/log.hpp"
#include "daemon/control/keeper_link.hpp"
#include "tests/keeper/keeper_client.hpp"

namespace {

using namespace ringpost;
using namespace ringpost::tests;

void say(const std::string& line) { std::cout << line << std::endl; }

class Actor {
 public:
  void run() {
    read();
    io_.run();
  }

 private:
  void read() {
    boost::asio::async_read_until(input_, buffer_, '\n',
                                  [this](const boost::system::error_code& failed, std::size_t) {
                                    if (failed) return io_.stop();
                                    std::istream stream(&buffer_);
                                    std::string line;
                                    std::getline(stream, line);
                                    obey(line);
                                    read();
                                  });
  }

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    std::string first;
    std::string second;
    words >> command >> first >> second;
    try {
      if (command == "open") open(first, std::stol(second));
      if (command == "keep") keep(first, second);
      if (command == "keep-many") keep_many(std::stoi(first));
      if (command == "drop") link_->drop(first, [first] { say("dropped " + first); });
      if (command == "look") {
        say((link_->connected() ? "connected " : "away ") + std::to_string(link_->takes()) + ' ' +
            std::to_string(link_->held()));
      }
    } catch (const std::exception& error) {
      say(std::string("error ") + error.what());
    }
  }

  void open(const std::string& where, long patience_ms) {
    const char* configured = std::getenv("RINGPOST_KEEPER");
    link_ =
        daemon::KeeperLink::open(where == "-" ? configured : where, std::chrono::milliseconds(patience_ms));
    const daemon::Taken taken = link_->take_held();
    std::ostringstream text;
    text << "taken " << taken.takes << ' ' << taken.ends_with_daemon;
    for (const daemon::Held& held : taken.held)
      text << ' ' << held.name << '=' << text_in(held.descriptor.get());
    link_->on_change([](bool connected) { say(connected ? "back" : "lost"); });
    link_->start(io_);
    say(text.str());
  }

  void keep(const std::string& name, const std::string& text) {
    // Ours is closed at once: the link has one of its own.
    const ipc::Descriptor memory = memory_with(text);
    link_->keep(name, memory.get(), [name](bool kept) { say((kept ? "kept " : "not kept ") + name); });
  }

  void keep_many(int count) {
    const ipc::Descriptor memory = memory_with("many");
    auto kept = std::make_shared<int>(0);
    for (int number = 1; number <= count; ++number) {
      link_->keep("many." + std::to_string(number), memory.get(), [=](bool is_kept) {
        if (is_kept) ++*kept;
        if (number == count) say("kept " + std::to_string(*kept));  // they come in order: this is the last
      });
    }
  }

  boost::asio::io_context io_{1};
  boost::asio::posix::stream_descriptor input_{io_, 0};
  boost::asio::streambuf buffer_;
  std::unique_ptr<daemon::KeeperLink> link_;
};

}  // namespace

int main() {
  try {
    const daemon::Logging logging(daemon::LogTarget::kStderr, daemon::LogLevel::kInfo);
    Actor().run();
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    say(std::string("error ") + error.what());
    return EXIT_FAILURE;
  }
}
