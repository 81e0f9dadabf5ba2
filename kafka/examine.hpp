// What the reading of a configuration asks of librdkafka, and `ringpost check --connect` of a cluster. Every function
// may be called from any thread, and waits: none of them is for an instance's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ringpost::kafka {

// What is wrong with one librdkafka property of an instance; empty when nothing is. Never shows a secret's value.
std::string property_problem(const std::string& name, const std::string& value);

// What is wrong with all of them together, for example a certificate's file that is not there; empty when nothing is.
// Connects to nobody.
std::string properties_problem(const std::map<std::string, std::string>& properties);

// The names that librdkafka knows, sorted.
std::vector<std::string> property_names();

struct ClusterQuestion {
  std::string instance;  // for client.id
  std::string bootstrap_servers;
  std::map<std::string, std::string> properties;  // of the instance: those about transport are taken
  std::vector<std::string> topics;                // names
  std::chrono::milliseconds timeout{10'000};      // for each question
};

struct ClusterAnswer {
  std::string problem;               // why no broker answered; empty when one did
  std::vector<std::string> brokers;  // "host:port" of each broker of the cluster
  struct Topic {
    std::string name;
    std::int32_t partition_count = 0;
    std::string problem;    // what the cluster says; empty: the topic is there
    bool may_write = true;  // as far as the cluster tells
  };
  std::vector<Topic> topics;  // in the order of the question; those after a lost connection are missing
};

// Throws std::invalid_argument for a property that librdkafka refuses.
ClusterAnswer examine_cluster(const ClusterQuestion& question);

}  // namespace ringpost::kafka
