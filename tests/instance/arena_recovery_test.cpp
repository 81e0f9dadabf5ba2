// An arena whose daemon was killed at any instant: what was committed is there, whole and in order; what had ended is
// not sent again; what was under way counts one way or the other; the sums hold.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "daemon/instance/arena.hpp"
#include "daemon/instance/journal.hpp"
#include "tests/attack/amount.hpp"
#include "tests/instance/arena_image.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::size_t kBufferBytes = 8u << 20;
constexpr std::size_t kEventBytes = 16u << 10;
constexpr std::size_t kSequencesMax = 1u << 21;

const std::array<std::string, 4>& topic_names() {
  static const std::array<std::string, 4> names{"a", "b", "c", "d"};
  return names;
}
constexpr std::size_t kTopics = 4;

// As this record must be: its size and each of its bytes follow from its number.
std::vector<std::byte> record_of(std::uint64_t number) {
  constexpr std::string_view kTopic = "topic";
  const std::size_t message_bytes = 8 + number * 2'654'435'761U % 4'000;
  ipc::RecordHeader header{};
  header.size = static_cast<std::uint32_t>(ipc::align_record(sizeof header + kTopic.size() + message_bytes));
  header.sequence = number;
  header.topic_size = kTopic.size();
  header.message_size = static_cast<std::uint32_t>(message_bytes);
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, kTopic.data(), kTopic.size());
  std::memset(bytes.data() + sizeof header + kTopic.size(), static_cast<int>(number % 251), message_bytes);
  return bytes;
}

// What the daemon that is going to be killed has done, stored before and after each step: in memory of its own, so
// that the arena is judged by something else.
struct Diary {
  enum Step : std::uint8_t {
    kNothing,
    kAppended,
    kEnding,
    kOverdue,
    kDelivered,
    kDead,
    kSpooled,
    kEndedSomehow
  };
  std::atomic<std::uint64_t> committed;  // sequences up to here were committed
  std::atomic<Step> steps[kSequencesMax];
};

class SharedDiary {
 public:
  SharedDiary()
      : memory_(::mmap(nullptr, sizeof(Diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~SharedDiary() { ::munmap(memory_, sizeof(Diary)); }
  SharedDiary(const SharedDiary&) = delete;
  SharedDiary& operator=(const SharedDiary&) = delete;
  Diary* operator->() const { return static_cast<Diary*>(memory_); }

 private:
  void* memory_;
};

void note(std::atomic<Diary::Step>& step, Diary::Step what) { step.store(what, std::memory_order_seq_cst); }

// As an event ends, or is overdue first.
bool end_somehow(Arena& arena, Arena::Ticket ticket, const SharedDiary& diary, std::mt19937& random) {
  std::atomic<Diary::Step>& step = diary->steps[arena.prefix(ticket).sequence];
  note(step, Diary::kEnding);
  const bool overdue = arena.state_of(ticket) == ipc::ArenaState::kOverdue;
  const bool handed = overdue || random() % 2 == 0;
  if (handed && !overdue) arena.set_handed(ticket, 3);
  if (handed && !overdue && random() % 4 == 0) {
    arena.set_overdue(ticket);
    note(step, Diary::kOverdue);
    return false;
  }
  const auto how = random() % 16;
  if (how == 0) {
    arena.finish(ticket, ipc::ArenaState::kDead);
    note(step, Diary::kDead);
  } else if (how < 4 && !handed) {
    arena.finish(ticket, ipc::ArenaState::kSpooled);
    note(step, Diary::kSpooled);
  } else {
    arena.finish(ticket, ipc::ArenaState::kDelivered);
    note(step, Diary::kDelivered);
  }
  return true;
}

// Rounds of appending, committing, handing over and ending, with topics that lag, until it is killed. Its lane 7
// stands at 100 * sequence. An event's topic follows from its sequence.
[[noreturn]] void work(Arena& arena, const SharedDiary& diary, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<Tenant> tenants;
  for (std::size_t number = 0; number < kTopics; ++number)
    tenants.push_back(arena.add_tenant(topic_names()[number]));
  std::uint64_t segment = arena.freed_segment();
  std::deque<Arena::Ticket> waiting;
  for (const Arena::Ticket ticket : arena.left()) {
    arena.settle(ticket, tenants[arena.prefix(ticket).sequence % kTopics]);
    waiting.push_back(ticket);
  }
  arena.forget_left();
  while (arena.next_sequence() < kSequencesMax) {
    for (auto count = random() % 40; count > 0; --count) {
      const std::uint64_t sequence = arena.next_sequence();
      const auto record = record_of(sequence);
      const Tenant tenant = tenants[sequence % kTopics];
      if (!arena.has_room(tenant, record.size())) break;
      waiting.push_back(arena.append({7, 100 * sequence, 1, 1}, tenant, record));
      note(diary->steps[sequence], Diary::kAppended);
    }
    arena.commit();
    diary->committed.store(arena.next_sequence() - 1, std::memory_order_seq_cst);
    for (auto count = random() % 45; count > 0 && !waiting.empty(); --count) {
      // Mostly in order, now and then one from further behind.
      const std::size_t at = random() % 8 == 0 ? random() % waiting.size() : 0;
      const Arena::Ticket ticket = waiting[at];
      if (end_somehow(arena, ticket, diary, random))
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
    }
    // A segment has as many of each topic as its number says.
    ++segment;
    std::vector<SegmentBook> books;
    for (std::size_t topic = 0; topic < kTopics; ++topic)
      books.push_back({topic_names()[topic], segment, topic, 1});
    arena.free_segment(segment, books);
  }
  ::_exit(0);
}

void kill_at_work(const ipc::Descriptor& memory, const SharedDiary& diary, std::uint32_t seed) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      Arena arena(memory.duplicate());
      work(arena, diary, seed);
    } catch (...) {
      ::_exit(1);
    }
  }
  std::mt19937 random(seed);
  ::usleep(static_cast<useconds_t>(random() % 3000));
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "seed " << seed;
}

void expect_whole(const Arena& arena, Arena::Ticket ticket) {
  const std::uint64_t sequence = arena.prefix(ticket).sequence;
  const auto wanted = record_of(sequence);
  const ipc::RecordView record = arena.record(ticket);
  ASSERT_EQ(record.header.size, wanted.size()) << sequence;
  ASSERT_EQ(record.message.find_first_not_of(static_cast<char>(sequence % 251)), std::string_view::npos);
}

// `least`: what the diary knows of each topic, but for the undecided ones.
void expect_counts(const Arena& arena, const std::vector<TopicTotals>& least, std::uint64_t undecided) {
  const Arena::Audit audit = arena.audit();
  Totals sum;
  for (const TopicTotals& topic : least) sum += topic;
  EXPECT_EQ(audit.accepted, arena.accepted());
  EXPECT_EQ(audit.waiting, arena.left().size());
  EXPECT_EQ(audit.waiting, sum.waiting);
  EXPECT_EQ(audit.delivered, arena.delivered());
  EXPECT_EQ(audit.dead, arena.dead());
  EXPECT_EQ(audit.spooled, arena.spooled());
  const std::uint64_t ended = audit.delivered + audit.dead + audit.spooled;
  EXPECT_EQ(audit.accepted, ended + audit.waiting);
  EXPECT_LE(ended, sum.delivered + sum.dead + sum.spooled + undecided);

  std::vector<TopicTotals> topics = audit.topics;
  for (std::size_t number = 0; number + 1 < topics.size(); ++number) {
    TopicTotals& topic = topics[number + 1];
    EXPECT_EQ(topic.name, topic_names()[number]);
    EXPECT_EQ(topic.waiting, least[number].waiting);
    EXPECT_GE(topic.delivered, least[number].delivered);
    EXPECT_GE(topic.dead, least[number].dead);
    EXPECT_GE(topic.spooled, least[number].spooled);
    // Every segment up to the last one, once.
    const std::uint64_t segment = arena.freed_segment();
    EXPECT_EQ(topic.disk_delivered, segment * (segment + 1) / 2);
    EXPECT_EQ(topic.disk_dead, segment * number);
    EXPECT_EQ(topic.disk_foreign, segment);
    topic.waiting = 0;  // what is left is not settled yet
  }
  EXPECT_EQ(topics, arena.totals());
}

// A successor, which also has to leave the arena so that the one after it finds the same.
void expect_recovers(const ipc::Descriptor& memory, const SharedDiary& diary) {
  const Arena arena(memory.duplicate());
  ASSERT_GE(arena.next_sequence() - 1, diary->committed);
  std::vector<bool> is_left(arena.next_sequence(), false);
  std::uint64_t before = 0;
  for (const Arena::Ticket ticket : arena.left()) {
    expect_whole(arena, ticket);
    const std::uint64_t sequence = arena.prefix(ticket).sequence;
    ASSERT_GT(sequence, before);
    is_left[before = sequence] = true;
  }
  std::vector<TopicTotals> least(kTopics);
  std::uint64_t undecided = 0;
  for (std::uint64_t sequence = 1; sequence < arena.next_sequence(); ++sequence) {
    const Diary::Step step = diary->steps[sequence];
    TopicTotals& topic = least[sequence % kTopics];
    topic.delivered += step == Diary::kDelivered ? 1 : 0;
    topic.dead += step == Diary::kDead || step == Diary::kOverdue ? 1 : 0;
    topic.spooled += step == Diary::kSpooled ? 1 : 0;
    topic.waiting += is_left[sequence] ? 1 : 0;
    if (step == Diary::kEnding || step == Diary::kEndedSomehow) ++undecided;
    if (step != Diary::kEnding) {
      ASSERT_EQ(is_left[sequence], step == Diary::kAppended || step == Diary::kNothing) << sequence;
    }
  }
  expect_counts(arena, least, undecided);
  // The lane's position is with the newest record, or that one's chunk is free and the journal has it.
  if (!arena.left().empty()) {
    EXPECT_GE(arena.lane_position(7), 100 * before);
  }
}

TEST(ArenaRecovery, KilledAtAnyInstant) {
  const std::uint32_t kills = tests::amount(200);
  for (std::uint32_t seed = 1; seed <= kills; seed += 10) {
    const Arena first(kBufferBytes, kEventBytes);
    const SharedDiary diary;
    for (std::uint32_t death = 0; death < 10; ++death) {
      kill_at_work(first.memory(), diary, seed + death);
      expect_recovers(first.memory(), diary);
      // What was appended and not committed gets its sequence number again.
      const Arena successor(first.memory().duplicate());
      for (std::uint64_t sequence = successor.next_sequence();
           sequence < kSequencesMax && diary->steps[sequence] != Diary::kNothing; ++sequence) {
        note(diary->steps[sequence], Diary::kNothing);
      }
      // Whatever was undecided is decided now.
      for (std::uint64_t sequence = 1; sequence < successor.next_sequence(); ++sequence) {
        if (diary->steps[sequence] == Diary::kEnding) note(diary->steps[sequence], Diary::kEndedSomehow);
        if (diary->steps[sequence] == Diary::kOverdue) note(diary->steps[sequence], Diary::kDead);
      }
      for (const Arena::Ticket ticket : successor.left())
        note(diary->steps[successor.prefix(ticket).sequence], Diary::kAppended);
      if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "seed " << seed << ", death " << death;
    }
  }
}

// Killed between the commit that frees a chunk and the table's zero: two instructions that no kill from outside meets.
TEST(ArenaRecovery, AChunkThatTheTotalsHaveAlreadyIsNotCountedAgain) {
  Arena arena(kBufferBytes, kEventBytes);
  const Tenant tenant = arena.add_tenant("topic");
  std::vector<Arena::Ticket> tickets;
  while (arena.used_bytes() <= arena.chunk_bytes()) {
    tickets.push_back(arena.append({7, 1, 1, 1}, tenant, record_of(arena.next_sequence())));
  }
  arena.commit();
  const std::uint32_t full = arena.chunk_of(tickets.front());
  for (const Arena::Ticket ticket : tickets) arena.finish(ticket, ipc::ArenaState::kDelivered);

  const ipc::Mapping mapping =
      ipc::map(arena.memory(), ipc::Access::kReadWrite, 0, ipc::size_of(arena.memory()));
  auto* const base = static_cast<std::byte*>(mapping.get_address());
  auto* const table = reinterpret_cast<ipc::ArenaChunk*>(base + ipc::kArenaTableOffset);
  const auto* const header = reinterpret_cast<const ipc::ArenaHeader*>(base);
  ASSERT_EQ(table[full].opened, 0U);
  table[full].opened = header->commits[header->selector % 2].freed_opened;

  const Arena successor(arena.memory().duplicate());
  EXPECT_EQ(successor.delivered(), tickets.size());
  EXPECT_TRUE(successor.left().empty());
}

TEST(ArenaRecovery, DamageAndOtherVersionsAreRefusedAndLeftAlone) {
  const auto why = [](const ipc::Descriptor& memory) -> std::string {
    try {
      const Arena successor(memory.duplicate());
      return {};
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  };
  Arena arena(kBufferBytes, kEventBytes);
  const auto ticket = arena.append({7, 1, 1, 1}, arena.add_tenant("topic"), record_of(1));
  arena.commit();
  const ipc::Mapping mapping =
      ipc::map(arena.memory(), ipc::Access::kReadWrite, 0, ipc::size_of(arena.memory()));
  auto* const header = static_cast<ipc::ArenaHeader*>(mapping.get_address());
  header->version = 1;
  EXPECT_NE(why(arena.memory()).find("is of version 1, this ringpostd knows version 2"), std::string::npos);
  header->version = ipc::kArenaVersion;
  header->magic = 0;
  EXPECT_NE(why(arena.memory()).find("damaged"), std::string::npos);
  header->magic = ipc::kArenaMagic;
  header->chunk_bytes *= 2;
  EXPECT_NE(why(arena.memory()).find("damaged"), std::string::npos);
  header->chunk_bytes /= 2;
  auto* const prefix =
      reinterpret_cast<ipc::ArenaPrefix*>(static_cast<std::byte*>(mapping.get_address()) + ticket);
  const std::uint32_t size = std::exchange(prefix->size, 8);
  EXPECT_NE(why(arena.memory()).find("damaged"), std::string::npos);
  prefix->size = size;
  EXPECT_EQ(why(arena.memory()), "");
  EXPECT_NE(why(ipc::create_memory("short", 100)).find("damaged"), std::string::npos);
}

TEST(ArenaRecovery, AnEmptiedArenaOfAnotherSizeGoesOnCounting) {
  Arena arena(kBufferBytes, kEventBytes);
  const auto ticket = arena.append({7, 640, 1, 1}, arena.add_tenant("topic"), record_of(1));
  arena.commit();
  arena.finish(ticket, ipc::ArenaState::kDead);
  const Arena successor(arena.memory().duplicate());
  EXPECT_TRUE(successor.has_size(kBufferBytes, kEventBytes));
  EXPECT_FALSE(successor.has_size(2 * kBufferBytes, kEventBytes));
  EXPECT_FALSE(successor.has_size(kBufferBytes, 2 * kEventBytes));
  const Arena larger(2 * kBufferBytes, kEventBytes, successor);
  EXPECT_EQ(larger.next_sequence(), 2U);
  EXPECT_EQ(larger.dead(), 1U);
  EXPECT_EQ(larger.waiting(), 0U);
  EXPECT_EQ(larger.lane_position(7), 640U);
  EXPECT_EQ(larger.id(), successor.id());
  EXPECT_EQ(larger.id_bytes(), successor.id_bytes());
  EXPECT_EQ(larger.audit().dead, 1U);
}

}  // namespace
}  // namespace ringpost::daemon
