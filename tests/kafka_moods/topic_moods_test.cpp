// What an administrator does to a topic under load.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/kafka_moods/mood.hpp"

namespace ringpost::tests {
namespace {

std::string reassignment(const std::vector<std::string>& topics, const Replicas& replicas) {
  std::string partitions;
  for (const std::string& topic : topics) {
    for (std::size_t partition = 0; partition < replicas.size(); ++partition) {
      std::string brokers;
      for (const std::int32_t broker : replicas[partition])
        brokers += (brokers.empty() ? "" : ",") + std::to_string(broker);
      partitions += (partitions.empty() ? "" : ",") + (R"({"topic":")" + topic + R"(","partition":)") +
                    std::to_string(partition) + R"(,"replicas":[)" + brokers + "]}";
    }
  }
  return R"({"version":1,"partitions":[)" + partitions + "]}";
}

// Two replicas, so that a partition's data move to a broker that had none of it; its leader is another one then.
TEST_F(Mood, PartitionsReassignedAndLeadersElected) {
  begin({.replicas = {{1, 2}, {2, 3}, {3, 1}}});
  const Replicas moved{{3, 1}, {1, 2}, {2, 3}};
  const TemporaryDirectory directory;
  write_file(directory.file("plan"), reassignment({topic(), rivals_topic()}, moved));
  kafka().execute({"org.apache.kafka.tools.reassign.ReassignPartitionsCommand", "--bootstrap-server",
                   kafka().addresses(), "--reassignment-json-file", directory.file("plan"), "--execute"});
  for (const std::string& name : {topic(), rivals_topic()}) {
    await(name + " on other brokers", [&] {
      const auto views = admin_->look_at(name);
      return std::equal(views.begin(), views.end(), moved.begin(), moved.end(), [](auto view, auto brokers) {
        std::sort(view.in_sync.begin(), view.in_sync.end());
        std::sort(brokers.begin(), brokers.end());
        return view.in_sync == brokers;
      });
    });
  }
  for (const std::string& name : {topic(), rivals_topic()}) {
    admin_->elect_preferred_leaders(name, moved.size());
    await(name + " led by the first of each", [&] {
      const auto views = admin_->look_at(name);
      return std::equal(views.begin(), views.end(), moved.begin(), moved.end(),
                        [](const auto& view, const auto& brokers) { return view.leader == brokers.front(); });
    });
  }
  wait_until_caught_up();
  finish();
}

// Only what Kafka still has can be read: the last events of each key. The partitions' ends say how many there ever were.
TEST_F(Mood, RetentionDeletesTheSegmentUnderUs) {
  begin({.settings = {{"retention.ms", "300"}, {"segment.bytes", "1048576"}}, .loses_oldest = true});
  const std::size_t partitions = plan_.replicas.size();
  await("a segment deleted in each partition", [&] {
    const auto offsets = admin_->offsets(topic(), partitions);
    return std::all_of(offsets.begin(), offsets.end(), [](const Offsets& each) { return each.first > 0; });
  });
  mood_lasts();
  // Now nothing is left of what the producers have sent, and they go on.
  rest(true);
  wait_until_caught_up();
  await("empty partitions", [&] {
    const auto offsets = admin_->offsets(topic(), partitions);
    return std::all_of(offsets.begin(), offsets.end(),
                       [](const Offsets& each) { return each.first == each.end; });
  });
  for (const std::string& name : {topic(), rivals_topic()})
    admin_->configure(name, "retention.ms", "3600000");
  rest(false);
  flows_on();
  finish();
  std::uint64_t appended = 0;
  for (const Offsets& each : admin_->offsets(topic(), partitions))
    appended += static_cast<std::uint64_t>(each.end);
  if (producers_ == 1) {
    EXPECT_EQ(appended, traffic_->accepted());
  }
  EXPECT_GE(appended, traffic_->accepted());
}

// What Kafka had acknowledged before goes with the topic, by the administrator's will; all the rest is in the new one.
TEST_F(Mood, DeletedAndCreatedAgain) {
  begin({.loses_oldest = true});
  for (const std::string& name : {topic(), rivals_topic()}) admin_->remove(name);
  for (const std::string& name : {topic(), rivals_topic()}) {
    await(name + " to be gone", [&] { return admin_->look_at(name).empty(); });
  }
  std::uint64_t delivered = 0;
  await("the last acknowledgements of the first topic",
        [&] { return std::exchange(delivered, daemon_->status("kafkaid").delivered) == delivered; });
  create_topics();
  wait_until_caught_up();
  flows_on();
  finish();
  EXPECT_LE(never_came_, delivered) << "lost";
}

// Of three partitions there are six: half of the keys of each go to one of the new ones. The first has no leader meanwhile; so
// what leaves it waits, and nothing else does. A daemon that dies then leaves nothing of that to its successor, but the events.
TEST_F(Mood, PartitionsAddedWhileOneHasNoLeader) {
  begin({.replicas = {{1}, {2}, {3}}, .settings = {{"min.insync.replicas", "1"}}, .keeper = true});
  const auto begun = [&] {  // but partition 0, which nobody can be asked about
    std::vector<std::int64_t> ends;
    for (std::size_t partition = 1; partition < 6; ++partition)
      ends.push_back(admin_->offsets_of(topic(), partition).end);
    return ends;
  };
  kafka().tell("kill", 1);
  await("partition 0 without a leader", [&] {
    const auto views = admin_->look_at(topic());
    return !views.empty() && views[0].leader < 0;
  });
  for (const std::string& name : {topic(), rivals_topic()}) admin_->grow(name, 3, {{2}, {3}, {2}});
  await("the new partitions with their leaders", [&] {
    const auto views = admin_->look_at(topic());
    return views.size() == 6 && std::all_of(views.begin() + 3, views.end(),
                                            [](const PartitionView& view) { return view.leader > 0; });
  });
  await("events in the new partitions", [&] {
    const auto ends = begun();
    return ends[3] > 0 && ends[4] > 0;
  });
  const auto before = begun();
  await("a second's events more in all that are led", [&] {
    const auto now = begun();
    const auto more = static_cast<std::int64_t>(events_a_second() / 10);
    return now[0] > before[0] + more && now[1] > before[1] + more && now[3] > before[3] + more &&
           now[4] > before[4] + more;
  });
  EXPECT_EQ(begun()[2], 0) << "keys that leave partition 0 have come to 3 before what they had in 0";
  EXPECT_GT(daemon_->status("kafkaid").waiting, 0U);
  for (int deaths = 0; deaths < 3; ++deaths) {
    daemon_->kill();
    const auto left = begun();
    daemon_->start();
    await("events by the successor", [&] {
      const auto now = begun();
      return now[0] > left[0] && now[3] > left[3];
    });
  }

  kafka().start({1});
  wait_until_caught_up();
  flows_on();
  EXPECT_GT(begun()[2], 0);
  finish();
}

}  // namespace
}  // namespace ringpost::tests
