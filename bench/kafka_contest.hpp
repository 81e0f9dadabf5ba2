// The contest with Apache Kafka itself as the broker, on the same machine, by the tests' kit.
#pragma once

#include "bench/effort.hpp"

namespace ringpost::bench {

// ringpost, librdkafka in-process and Kafka's ProducerPerformance in turns, without compression and with lz4.
void run_kafka_contest(Effort effort);

// ringpost at several rates over 1 to 200 partitions: librdkafka sends a request for each partition that has something.
void run_partitions(Effort effort);

}  // namespace ringpost::bench
