// An instance's audit as `ringpost audit` reads it.
#pragma once

#include <string>

#include "daemon/instance/audit.hpp"

namespace ringpost::daemon {

// {"instance", "directory", "lines": [{"what", "books", "found"}], "spool": [{"segment", "records", "delivered",
// "ended"}], "letters": [...]}
std::string audit_json(const InstanceAudit& audit);

}  // namespace ringpost::daemon
