// What the cluster says that we may do with its topics.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {

// Those that the cluster shows us and does not let us write to. A cluster that does not tell such things names none.
std::set<std::string> topics_without_write(rd_kafka_t* client, const std::vector<std::string>& names,
                                           std::chrono::milliseconds timeout);

}  // namespace ringpost::kafka
