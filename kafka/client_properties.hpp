// The librdkafka properties of each of our clients: one table of what we set and why, and what an
// administrator may change through [instance.NAME.librdkafka].
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {

using Properties = std::map<std::string, std::string>;

struct Property {
  std::string_view name;
  std::string_view value;
  bool fixed;  // a promise hangs on it: an administrator may not set it otherwise
  std::string_view why;
};

// What every producer starts from.
std::span<const Property> producer_property_table();

struct ClientIdentity {
  std::string instance;  // client.id becomes "ringpost-INSTANCE"
  std::string bootstrap_servers;
};

// The table, the administrator's `overrides` over it, the brokers and the client id. Throws
// std::invalid_argument when an override touches a fixed property (setting it to the value that it has is
// allowed).
Properties producer_properties(const ClientIdentity& identity, const Properties& overrides,
                               std::chrono::milliseconds linger);

// For a client that only asks or reads: the overrides that such a client knows (security, sockets, DNS), no
// more.
Properties plain_properties(const ClientIdentity& identity, const Properties& overrides);

// Throws std::invalid_argument with the property's name and librdkafka's own words.
ConfHandle make_conf(const Properties& properties);

}  // namespace ringpost::kafka
