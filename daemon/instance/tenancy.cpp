#include "daemon/instance/tenancy.hpp"

#include <cassert>
#include <utility>

namespace ringpost::daemon {

Tenancy::Number Tenancy::add_stay(Tenant tenant, std::uint32_t book, Number& first) {
  Number number = free_;
  if (number == kNone) {
    number = static_cast<Number>(stays_.size());
    stays_.emplace_back();
  } else {
    free_ = stays_[number].next;
  }
  stays_[number].tenant = tenant;
  stays_[number].book = book;
  stays_[number].next = std::exchange(first, number);
  return number;
}

Tenancy::Number Tenancy::arrive_left(Tenant tenant, std::uint32_t book, Place place) {
  TenantUse& use = tenants_[tenant];
  Number number = use.latest;
  if (use.latest_opening != place.opening || stays_[number].book != book) {
    const auto [found, is_new] = left_.try_emplace(Left{place.opening, tenant, book}, kNone);
    if (is_new) found->second = add_stay(tenant, book, place.first);
    number = found->second;
    use.latest = number;
    use.latest_opening = place.opening;
  }
  add_record(use, number);
  return number;
}

void Tenancy::end(Number& first) {
  while (first != kNone) {
    const Number number = first;
    assert(stays_[number].live == 0);
    first = stays_[number].next;
    stays_[number] = {};
    stays_[number].next = std::exchange(free_, number);
  }
}

}  // namespace ringpost::daemon
