#include "daemon/instance/tenancy.hpp"

#include <cassert>

namespace ringpost::daemon {

Tenancy::Stay Tenancy::arrive(Tenant tenant, std::uint64_t opening) {
  TenantUse& use = tenants_[tenant];
  if (use.latest == kNone || use.latest_opening != opening) {
    if (free_.empty()) {
      use.latest = static_cast<Stay>(stays_.size());
      stays_.emplace_back();
    } else {
      use.latest = free_.back();
      free_.pop_back();
    }
    stays_[use.latest] = {tenant, 0};
    use.latest_opening = opening;
    ++use.stays;
  }
  ++stays_[use.latest].records;
  return use.latest;
}

Tenant Tenancy::leave(Stay stay) {
  StayUse& left = stays_[stay];
  assert(left.records > 0);
  if (--left.records == 0) {
    TenantUse& use = tenants_[left.tenant];
    --use.stays;
    if (use.latest == stay) use.latest = kNone;
    free_.push_back(stay);
  }
  return left.tenant;
}

}  // namespace ringpost::daemon
