// What an administrator does to the cluster, and sees of it. By librdkafka's admin calls: Kafka's own programs take seconds
// of a processor each, beside the traffic that is measured.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ringpost::tests {

// Of each partition the brokers that hold it; the first one leads it when all are well.
using Replicas = std::vector<std::vector<std::int32_t>>;

// Partition p on all three brokers, led by 1, 2, 3, 1, 2, ...
Replicas on_three_brokers(int partitions);

struct PartitionView {
  std::int32_t leader = -1;
  std::vector<std::int32_t> in_sync;
  std::size_t replica_count = 0;
};

struct Offsets {
  std::int64_t first = 0;  // the first that is still there
  std::int64_t end = 0;    // how many there ever were
};

// Each throws with librdkafka's word when the cluster does not do it.
class Admin {
 public:
  explicit Admin(const std::string& brokers);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  void create(const std::string& topic, const Replicas& replicas,
              const std::map<std::string, std::string>& settings);
  void remove(const std::string& topic);
  // `added`: of the new partitions.
  void grow(const std::string& topic, std::size_t present, Replicas added);
  void configure(const std::string& topic, const std::string& name, const std::string& value);
  void elect_preferred_leaders(const std::string& topic, std::size_t partitions);

  // Empty: there is no such topic, or nobody answers.
  std::vector<PartitionView> look_at(const std::string& topic);
  std::vector<Offsets> offsets(const std::string& topic, std::size_t partitions);
  Offsets offsets_of(const std::string& topic, std::size_t partition);  // that has a leader

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::tests
