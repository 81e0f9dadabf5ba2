// Who pins which chunks of the arena. A tenant is a topic, as the arena counts it; a stay is a tenant's time in one
// chunk, from its first record there until the last of them has ended. Plain memory: a successor counts anew.
#pragma once

#include <cstdint>
#include <vector>

namespace ringpost::daemon {

using Tenant = std::uint32_t;

class Tenancy {
 public:
  using Stay = std::uint32_t;

  Tenant add() {
    tenants_.emplace_back();
    return static_cast<Tenant>(tenants_.size() - 1);
  }

  // One more record of the tenant in the chunk that it is filling now, `opening` being that chunk's number among all
  // that were ever opened. The stay's number goes with the record.
  Stay arrive(Tenant tenant, std::uint64_t opening);
  // One of the stay's records has ended; returns whose it was.
  Tenant leave(Stay stay);

  std::uint32_t pinned_chunks(Tenant tenant) const { return tenants_[tenant].stays; }

 private:
  static constexpr Stay kNone = 0xFFFFFFFF;

  struct TenantUse {
    std::uint32_t stays = 0;
    Stay latest = kNone;
    std::uint64_t latest_opening = 0;
  };
  struct StayUse {
    Tenant tenant = 0;
    std::uint32_t records = 0;
  };

  std::vector<TenantUse> tenants_;
  std::vector<StayUse> stays_;
  std::vector<Stay> free_;
};

}  // namespace ringpost::daemon
