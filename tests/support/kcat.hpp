// Reading back with kcat: a consumer that shares nothing with Ringpost but the protocol.
#pragma once

#include <string>
#include <vector>

#include "tests/support/record.hpp"

namespace ringpost::tests {

// Everything in the topic now, each partition in the order of its offsets. Keys and messages are exact; the
// values of headers must not hold commas, equals signs or new lines, which kcat does not escape. Throws when
// kcat fails. `properties`: of its consumer, as "isolation.level=read_uncommitted". `under`: a program that runs kcat.
std::vector<Record> read_with_kcat(const std::string& brokers, const std::string& topic,
                                   const std::vector<std::string>& properties = {},
                                   const std::vector<std::string>& under = {});

}  // namespace ringpost::tests
