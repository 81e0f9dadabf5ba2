#include "daemon/config/journal_sink.hpp"

#include <syslog.h>

#include <utility>
#include <vector>

#include "daemon/config/log_fields.hpp"

// Where this file calls it is of no interest to anybody.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

namespace ringpost::daemon {
namespace {

int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return LOG_DEBUG;
    case spdlog::level::warn:
      return LOG_WARNING;
    case spdlog::level::err:
      return LOG_ERR;
    case spdlog::level::critical:
      return LOG_CRIT;
    default:
      return LOG_INFO;
  }
}

iovec part_of(std::string_view field) { return {const_cast<char*>(field.data()), field.size()}; }

}  // namespace

JournalSink::JournalSink(std::string identity)
    : JournalSink(std::move(identity),
                  [](const iovec* fields, int count) { return ::sd_journal_sendv(fields, count); }) {}

JournalSink::JournalSink(std::string identity, Send send)
    : identity_("SYSLOG_IDENTIFIER=" + std::move(identity)), send_(std::move(send)) {}

void JournalSink::sink_it_(const spdlog::details::log_msg& line) {
  const LineParts parts = take_apart(line);
  const std::string message = "MESSAGE=" + std::string(parts.text);
  const std::string priority = "PRIORITY=" + std::to_string(priority_of(line.level));
  std::vector<iovec> fields{part_of(message), part_of(priority), part_of(identity_)};
  for (const std::string_view field : parts.fields) fields.push_back(part_of(field));
  if (const int sent = send_(fields.data(), static_cast<int>(fields.size())); sent < 0)
    throw spdlog::spdlog_ex("the journal takes no lines", -sent);
}

}  // namespace ringpost::daemon
