#include "daemon/control/audit_json.hpp"

#include <vector>

#include <boost/json.hpp>

namespace ringpost::daemon {
namespace {

boost::json::array lines_of(const std::vector<AuditLine>& lines) {
  boost::json::array array;
  for (const AuditLine& line : lines)
    array.push_back(boost::json::object{{"what", line.what}, {"books", line.books}, {"found", line.found}});
  return array;
}

boost::json::array segments_of(const std::vector<SegmentBooks>& segments) {
  boost::json::array array;
  for (const SegmentBooks& segment : segments) {
    array.push_back(boost::json::object{{"segment", segment.number},
                                        {"records", segment.records},
                                        {"delivered", segment.delivered},
                                        {"ended", segment.ended}});
  }
  return array;
}

}  // namespace

std::string audit_json(const InstanceAudit& audit) {
  return boost::json::serialize(boost::json::object{{"instance", audit.name},
                                                    {"directory", audit.directory},
                                                    {"lines", lines_of(audit.lines)},
                                                    {"spool", segments_of(audit.spool)},
                                                    {"letters", segments_of(audit.letters)}});
}

}  // namespace ringpost::daemon
