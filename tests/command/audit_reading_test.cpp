// An audit's two halves: what has to agree, what may move between two readings, and what the files are found to hold.
#include "daemon/command/audit_reading.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

#include "daemon/disk/spool.hpp"
#include "tests/disk/stored_events.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {
namespace {

using daemon::AuditFigure;
using daemon::AuditReading;
using daemon::FilesReading;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<AuditFigure> differing(const std::vector<AuditFigure>& figures) {
  std::vector<AuditFigure> differ;
  for (const AuditFigure& figure : figures) {
    if (!figure.agrees()) differ.push_back(figure);
  }
  return differ;
}

AuditReading reading(std::vector<daemon::SegmentBooks> spool) {
  return {"kafkaid", "/var/lib", {}, std::move(spool), {}};
}

TEST(AuditReading, IsReadFromTheDaemonsText) {
  const AuditReading read = daemon::read_audit(
      R"({"instance":"kafkaid","directory":"/d","lines":[{"what":"arena: waiting","books":3,"found":2}],)"
      R"("spool":[{"segment":7,"records":5,"delivered":1,"ended":2}],"letters":[]})");
  EXPECT_EQ(read.instance, "kafkaid");
  EXPECT_EQ(read.directory, "/d");
  EXPECT_THAT(read.memory, ElementsAre(AuditFigure{"arena: waiting", 3, 2}));
  EXPECT_THAT(read.spool, ElementsAre(daemon::SegmentBooks{7, 5, 1, 2}));
  EXPECT_THAT(read.letters, IsEmpty());
  EXPECT_THROW(daemon::read_audit("{}"), std::runtime_error);
  EXPECT_THROW(daemon::read_audit("no text"), std::runtime_error);
}

TEST(AuditReading, WhatStandsStillHasToBeEqual) {
  const AuditReading still = reading({{1, 10, 4, 5}});
  EXPECT_THAT(differing(compare(still, {{{1, 10, 4, 5}}, {}, {}}, still)), IsEmpty());
  EXPECT_THAT(differing(compare(still, {{{1, 9, 4, 5}}, {}, {}}, still)),
              ElementsAre(AuditFigure{"spool segment 1: records", 10, 9}));
  EXPECT_THAT(differing(compare(still, {{{1, 10, 3, 6}}, {}, {}}, still)),
              ElementsAre(AuditFigure{"spool segment 1: delivered", 4, 3},
                          AuditFigure{"spool segment 1: ended", 5, 6}));
  EXPECT_THAT(differing(compare(still, {}, still)), SizeIs(3));  // the file is gone
  EXPECT_THAT(differing(compare(still, {{{1, 10, 4, 5}, {2, 1, 0, 0}}, {}, {}}, still)),
              ElementsAre(AuditFigure{"spool segment 2: records", 0, 1}));
}

TEST(AuditReading, WhatMovesHasToLieBetweenTheReadings) {
  const AuditReading before = reading({{1, 10, 4, 5}, {2, 10, 10, 10}});
  const AuditReading after = reading({{1, 20, 9, 10}, {3, 5, 0, 0}});
  EXPECT_THAT(differing(compare(before, {{{1, 15, 9, 10}, {3, 2, 0, 0}}, {}, {}}, after)), IsEmpty());
  EXPECT_THAT(differing(compare(before, {{{1, 9, 10, 5}, {3, 6, 0, 0}}, {}, {}}, after)),
              ElementsAre(AuditFigure{"spool segment 1: records", 10, 9},
                          AuditFigure{"spool segment 1: delivered", 9, 10},
                          AuditFigure{"spool segment 3: records", 5, 6}));
}

TEST(AuditReading, MemoryIsTakenFromTheSecondReading) {
  AuditReading before = reading({});
  AuditReading after = before;
  before.memory = {{"arena: waiting", 3, 2}};
  after.memory = {{"arena: waiting", 1, 1}};
  EXPECT_THAT(compare(before, {}, after), ElementsAre(AuditFigure{"arena: waiting", 1, 1}));
}

class CountedFiles : public testing::Test {
 protected:
  CountedFiles() {
    std::vector<daemon::Problem> problems;
    daemon::Spool::Options options;
    options.log.directory = directory_.path();
    options.log.sync = daemon::Log::Sync::kNever;
    daemon::Spool::Recovery recovery;
    recovery.has_letter = [](const daemon::StoredRecord&) { return false; };
    recovery.found = [](std::uint64_t) {};
    spool_ = daemon::Spool::open(daemon::real_files(), options, recovery, problems);
  }

  daemon::Spool::Ticket put(std::uint64_t records) {
    const auto block = spool_->put(events_.run(next_, records));
    EXPECT_TRUE(block);
    next_ += records;
    return *block;
  }
  std::vector<daemon::Spool::Ticket> bring_back(daemon::Spool::Ticket block) {
    std::vector<daemon::Spool::Ticket> records;
    EXPECT_TRUE(spool_->bring_back(block, records));
    return records;
  }

  std::vector<daemon::SegmentBooks> counted() {
    const FilesReading files = daemon::count_files(daemon::real_files(), directory_.path());
    EXPECT_THAT(files.problems, IsEmpty());
    EXPECT_THAT(files.letters, IsEmpty());
    return files.spool;
  }
  std::vector<daemon::SegmentBooks> booked() const { return spool_->audit(); }

  TemporaryDirectory directory_;
  StoredEvents events_;
  std::uint64_t next_ = 1;
  std::unique_ptr<daemon::Spool> spool_;
};

TEST_F(CountedFiles, AreAsTheSpoolHasThemInItsBooks) {
  EXPECT_EQ(counted(), booked());
  const auto block = put(10);
  put(5);  // is not settled: the arena counts it, and it is in the file
  spool_->settle(block);
  EXPECT_THAT(counted(), ElementsAre(daemon::SegmentBooks{1, 15, 0, 0}));
  EXPECT_EQ(counted(), booked());

  const auto records = bring_back(block);
  spool_->end(records[0], daemon::kSpoolDelivered);
  spool_->end(records[1], daemon::kSpoolDelivered);
  spool_->end(records[2], daemon::kSpoolDead);
  spool_->mark_overdue(records[3]);
  spool_->mark_overdue(records[4]);
  spool_->end(records[4], daemon::kSpoolDelivered);
  spool_->end(records[5], daemon::kSpoolMoved);
  spool_->log().flush_marks();
  EXPECT_THAT(counted(), ElementsAre(daemon::SegmentBooks{1, 14, 3, 5}));
  EXPECT_EQ(counted(), booked());

  spool_->withdraw(put(7));
  EXPECT_EQ(counted(), booked());
  spool_->log().close_segment();
  spool_->settle(put(3));
  EXPECT_THAT(counted(), ElementsAre(daemon::SegmentBooks{1, 14, 3, 5}, daemon::SegmentBooks{2, 3, 0, 0}));
  EXPECT_EQ(counted(), booked());
}

TEST_F(CountedFiles, WhatIsDamagedIsNotFoundAndNamed) {
  spool_->settle(put(10));
  std::fstream file(directory_.file("spool-0000000000000001.log"), std::ios::in | std::ios::out);
  file.seekp(64 + 300);
  file.put('\x7f');
  file.close();
  const FilesReading files = daemon::count_files(daemon::real_files(), directory_.path());
  EXPECT_THAT(files.spool, ElementsAre(daemon::SegmentBooks{1, 9, 0, 0}));
  EXPECT_THAT(files.problems, ElementsAre(testing::HasSubstr("damaged")));
}

TEST(FilesOfAnAudit, MayBeNone) {
  EXPECT_THAT(daemon::count_files(daemon::real_files(), "").problems, IsEmpty());
  EXPECT_THAT(daemon::count_files(daemon::real_files(), "/nowhere").problems,
              testing::Contains(testing::HasSubstr("/nowhere")));
}

}  // namespace
}  // namespace ringpost::tests
