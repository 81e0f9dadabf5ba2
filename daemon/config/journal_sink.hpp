// Writes lines to the journal, with the fields that they have (log_fields.hpp).
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <sys/uio.h>

#include <functional>
#include <mutex>
#include <string>

namespace ringpost::daemon {

class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // "NAME=value" each; below 0: minus an errno. sd_journal_sendv(3), which keeps a value in its field whatever it holds.
  using Send = std::function<int(const iovec* fields, int count)>;

  explicit JournalSink(std::string identity);
  JournalSink(std::string identity, Send send);

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}

 private:
  const std::string identity_;  // "SYSLOG_IDENTIFIER=ringpostd"
  const Send send_;
};

}  // namespace ringpost::daemon
