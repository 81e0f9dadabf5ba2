#include "daemon/command/audit_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <boost/json.hpp>

#include "daemon/command/audit_reading.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/command/status_client.hpp"
#include "daemon/command/status_reading.hpp"

namespace ringpost::daemon {
namespace {

// Under traffic a segment may come and go while the files are read. What does not agree is counted again, so often.
constexpr int kAttemptsMax = 5;

struct Audited {
  std::vector<AuditFigure> figures;
  std::vector<std::string> problems;
  std::string unavailable;  // why the daemon could not be asked; empty: it could

  std::size_t differing() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(figures, [](const AuditFigure& figure) { return !figure.agrees(); }));
  }
  bool agrees() const { return differing() == 0 && problems.empty(); }
};

Audited audit_once(const std::string& socket, const std::string& instance, bool& moved) {
  const StatusAnswer first = ask_audit(socket, instance);
  if (!first.problem.empty()) {
    return {{}, {}, first.problem};
  }
  const AuditReading before = read_audit(first.json);
  FilesReading files = count_files(real_files(), before.directory);
  const StatusAnswer second = ask_audit(socket, instance);
  if (!second.problem.empty()) {
    return {{}, {}, second.problem};
  }
  const AuditReading after = read_audit(second.json);
  moved = before != after;
  return {compare(before, files, after), std::move(files.problems), {}};
}

Audited audit(const std::string& socket, const std::string& instance) {
  for (int attempt = 1;; ++attempt) {
    bool moved = false;
    Audited audited = audit_once(socket, instance, moved);
    if (audited.agrees() || !moved || attempt == kAttemptsMax || !audited.unavailable.empty()) {
      return audited;
    }
  }
}

void print_json(const std::string& instance, const Audited& audited) {
  boost::json::array figures;
  for (const AuditFigure& figure : audited.figures) {
    figures.push_back({{"what", figure.what}, {"books", figure.books}, {"found", figure.found}});
  }
  fmt::print("{}\n",
             boost::json::serialize(boost::json::object{
                 {"instance", instance},
                 {"agrees", audited.agrees()},
                 {"figures", std::move(figures)},
                 {"problems", boost::json::array(audited.problems.begin(), audited.problems.end())}}));
}

void print_text(const std::string& instance, const Audited& audited) {
  fmt::print("{}: {} figures counted again, {}\n", instance, audited.figures.size(),
             audited.agrees() ? "all as in the books"
                              : fmt::format("{} of them not as in the books", audited.differing()));
  for (const AuditFigure& figure : audited.figures) {
    if (!figure.agrees()) {
      fmt::print("  {}: {} in the books, {} found\n", figure.what, figure.books, figure.found);
    }
  }
  for (const std::string& problem : audited.problems) {
    fmt::print("  {}\n", problem);
  }
}

std::vector<std::string> instances_of(const StatusAnswer& status) {
  std::vector<std::string> names;
  for (const InstanceReading& instance : read_status(status.json).instances) {
    names.push_back(instance.name);
  }
  return names;
}

int complain(std::string_view text, int exit_code) {
  fmt::print(stderr, "ringpost audit: {}\n", text);
  return exit_code;
}

int audit_all(const std::string& socket, const AuditOptions& options) {
  std::vector<std::string> instances{options.instance};
  if (options.instance.empty()) {
    const StatusAnswer status = ask_status(socket);
    if (!status.problem.empty()) {
      return complain(status.problem, kExitUnavailable);
    }
    instances = instances_of(status);
  }
  bool agrees = true;
  for (const std::string& instance : instances) {
    const Audited audited = audit(socket, instance);
    if (!audited.unavailable.empty()) {
      return complain(audited.unavailable, kExitUnavailable);
    }
    options.json ? print_json(instance, audited) : print_text(instance, audited);
    agrees = agrees && audited.agrees();
  }
  return agrees ? kExitOk : kExitFailed;
}

}  // namespace

int run_audit(const AuditOptions& options) {
  const auto endpoint = find_endpoint(options.endpoint);
  if (!endpoint) {
    return kExitConfig;
  }
  try {
    return audit_all(endpoint->socket, options);
  } catch (const std::runtime_error& error) {
    return complain(error.what(), kExitFailed);
  }
}

}  // namespace ringpost::daemon
