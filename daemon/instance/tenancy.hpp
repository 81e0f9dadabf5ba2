// Who pins which chunks of the arena, and how the records there ended. A tenant is a topic, as the arena counts it; a stay
// is what a tenant has in one chunk, from its first record there until the chunk is freed. Plain memory: a successor
// counts anew.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace ringpost::daemon {

using Tenant = std::uint32_t;

class Tenancy {
 public:
  using Number = std::uint32_t;  // of a stay
  static constexpr Number kNone = 0xFFFFFFFF;
  static constexpr Tenant kNobody = 0xFFFFFFFF;  // of records that had ended when a successor found them

  struct Stay {
    Tenant tenant = 0;
    std::uint32_t book = 0;
    std::uint32_t live = 0;     // records that have not ended
    std::uint32_t overdue = 0;  // of these
    std::uint32_t delivered = 0;
    std::uint32_t dead = 0;
    std::uint32_t spooled = 0;
    Number next = kNone;  // of the same chunk; of those that are free
  };

  // A chunk as the tenancy knows it: the number among all that were ever opened, and the chunk's stays.
  struct Place {
    std::uint64_t opening = 0;
    Number& first;
  };

  Tenant add(std::uint32_t book) {
    tenants_.push_back({book, 0, kNone, 0});
    return static_cast<Tenant>(tenants_.size() - 1);
  }
  std::uint32_t book(Tenant tenant) const { return tenants_[tenant].book; }

  // One more record of the tenant in the chunk that it is filling now. The stay's number goes with the record.
  Number arrive(Tenant tenant, Place place) {
    TenantUse& use = tenants_[tenant];
    if (use.latest_opening != place.opening) {
      use.latest = add_stay(tenant, use.book, place.first);
      use.latest_opening = place.opening;
    }
    add_record(use, use.latest);
    return use.latest;
  }
  // One of the stay's records has ended; returns whose it was.
  Tenant leave(Number number) {
    Stay& stay = stays_[number];
    if (--stay.live == 0) --tenants_[stay.tenant].pinned;
    return stay.tenant;
  }
  // The chunk is free: its stays are over.
  void end(Number& first);

  Stay& stay(Number number) { return stays_[number]; }
  const Stay& stay(Number number) const { return stays_[number]; }

  std::uint32_t pinned_chunks(Tenant tenant) const { return tenants_[tenant].pinned; }

  // For a successor, whose tenants' records lie in its chunks in any order, and in other books than the tenants' own where
  // the configuration has changed.
  Number arrive_left(Tenant tenant, std::uint32_t book, Place place);
  Number add_ended(std::uint32_t book, Number& first) { return add_stay(kNobody, book, first); }
  void forget_left() { left_ = {}; }

  // Visits all stays.
  template <typename Visit>
  void each(Visit visit) const {
    for (const Stay& stay : stays_) visit(stay);  // those that are free are empty
  }

 private:
  struct TenantUse {
    std::uint32_t book = 0;
    std::uint32_t pinned = 0;  // stays with live records
    Number latest = kNone;
    std::uint64_t latest_opening = 0;
  };
  struct Left {
    std::uint64_t opening;
    Tenant tenant;
    std::uint32_t book;
    bool operator==(const Left&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Left& left) const {
      return (left.opening << 32U ^ std::uint64_t{left.book} << 20U ^ left.tenant) * 0x9E3779B97F4A7C15U;
    }
  };

  Number add_stay(Tenant tenant, std::uint32_t book, Number& first);
  void add_record(TenantUse& use, Number number) {
    if (stays_[number].live++ == 0) ++use.pinned;
  }

  std::vector<TenantUse> tenants_;
  std::vector<Stay> stays_;
  Number free_ = kNone;
  std::unordered_map<Left, Number, Hash> left_;
};

}  // namespace ringpost::daemon
