#include "bench/performance_tool.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "bench/message.hpp"
#include "tests/support/process.hpp"

namespace ringpost::bench {
namespace {

constexpr std::chrono::minutes kDeadline{3};

// It prints "N records sent, R records/sec ..." each five seconds, of these, and at last the same of all.
struct Report {
  double records = 0;
  double per_second = 0;
  double seconds() const { return records / per_second; }
};

std::vector<Report> reports_in(const std::string& output) {
  std::vector<Report> reports;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line) && !lines.eof();) {  // not one that is being written
    const std::size_t rate = line.find(" records sent, ");
    if (rate == std::string::npos) continue;
    reports.push_back({std::stod(line), std::stod(line.substr(rate + 15))});
  }
  return reports;
}

// Of the children that have ended.
std::int64_t children_cpu_ns() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto ns = [](const timeval& time) { return (time.tv_sec * 1'000'000 + time.tv_usec) * 1'000; };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

std::vector<std::string> command(const PerformanceTool& tool, const std::string& payload_file) {
  return {"java",
          // as kafka-producer-perf-test.sh and kafka-run-class.sh give them
          "-Xmx512M", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
          "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
          "-Djava.awt.headless=true", "-cp", tool.class_path, "org.apache.kafka.tools.ProducerPerformance",
          "--topic", tool.topic, "--num-records", std::to_string(tool.messages), "--throughput", "-1",
          "--payload-file", payload_file, "--producer-props", "bootstrap.servers=" + tool.brokers, "acks=all",
          "enable.idempotence=true", "linger.ms=5", "batch.size=524288", "compression.type=" + tool.codec};
}

}  // namespace

Cost PerformanceTool::run() const {
  const tests::TemporaryDirectory directory;
  tests::write_file(directory.path() / "payload", kMessage);
  const std::int64_t earlier_children_ns = children_cpu_ns();
  std::int64_t broker_from_ns = cpu_ns(broker);
  std::int64_t tool_from_ns = 0;
  std::optional<Report> first;
  tests::Process java(command(*this, directory.file("payload")));
  const bool ended = tests::wait_until(
      [&] {
        if (!java.running()) return true;
        if (first) return false;
        const std::vector<Report> reports = reports_in(java.output());
        if (!reports.empty() && reports[0].records < static_cast<double>(messages)) {
          first = reports[0];
          broker_from_ns = cpu_ns(broker);
          tool_from_ns = cpu_ns(java.pid());
        }
        return false;
      },
      kDeadline);
  const std::int64_t broker_ns = cpu_ns(broker) - broker_from_ns;
  const std::vector<Report> reports = reports_in(java.output());
  if (!ended || java.wait() != 0 || reports.empty() ||
      static_cast<std::uint64_t>(reports.back().records) != messages) {
    throw std::runtime_error("ProducerPerformance did not send everything:\n" + java.output() +
                             java.errors());
  }
  const Report& all = reports.back();
  const Report warm_up = first.value_or(Report{0, 1});
  const double records = all.records - warm_up.records;
  const auto us = [records](std::int64_t ns) { return static_cast<double>(ns) / 1'000 / records; };
  return {records / (all.seconds() - warm_up.seconds()),
          us(children_cpu_ns() - earlier_children_ns - tool_from_ns), 0, us(broker_ns)};
}

}  // namespace ringpost::bench
