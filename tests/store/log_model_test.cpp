// Random operations on a log and on a model of it, which is a map, with a disk that fails now and then.
#include <gmock/gmock.h>

#include <random>
#include <set>

#include "tests/attack/amount.hpp"
#include "tests/store/faulty_files.hpp"
#include "tests/store/log_kit.hpp"

namespace ringpost::tests {
namespace {

class ModelRun {
 public:
  explicit ModelRun(std::uint32_t seed) : random_(seed) { open(); }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFatalFailure(); ++step) {
      if (one_of(10)) break_disk();
      act();
      ASSERT_EQ(log_->unflushed_marks(), unflushed_.size());
    }
    if (!testing::Test::HasFatalFailure()) reopen();
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  bool one_of(std::size_t times) { return below(times) == 0; }

  void open() {
    Log::Options options = options_in(directory_);
    options.segment_bytes = 2000;
    options.limit_bytes = 40'000;
    options.sync = one_of(2) ? Log::Sync::kAlways : Log::Sync::kNever;
    Found found = open_log(files_, options);
    ASSERT_TRUE(found.log);
    ASSERT_TRUE(found.problems.empty()) << found.problems[0].text;
    const Frames expected(model_.begin(), model_.end());
    ASSERT_EQ(found.told.frames, expected);
    const std::set<ToldMark> told(found.told.marks.begin(), found.told.marks.end());
    for (const ToldMark& mark : flushed_) ASSERT_TRUE(told.contains(mark));
    for (const ToldMark& mark : told) ASSERT_TRUE(flushed_.contains(mark) || maybe_.contains(mark));
    flushed_ = told;
    maybe_.clear();
    unflushed_.clear();
    log_ = std::move(found.log);
  }

  void break_disk() {
    const int errors[] = {EIO, ENOSPC, EROFS};
    files_.set({.error = errors[below(3)], .calls_before = below(4), .written_bytes = below(200)});
  }

  void act() {
    const std::size_t kind = below(20);
    if (kind < 10) {
      append_some();
    } else if (kind < 14) {
      mark_one();
    } else if (kind < 16) {
      flush();
    } else if (kind < 17) {
      log_->close_segment();
    } else if (kind < 18) {
      remove_one();
    } else if (kind < 19) {
      read_one();
    } else {
      reopen();
    }
  }

  void append_some() {
    std::vector<std::string> payloads(1 + below(4));
    for (std::string& payload : payloads)
      payload = std::string(1 + below(one_of(8) ? 3000 : 200), static_cast<char>(random_()));
    std::vector<Place> places;
    if (append(*log_, payloads, places) != 0) return;
    for (std::size_t at = 0; at < places.size(); ++at) {
      const auto [position, is_new] = model_.emplace(places[at], payloads[at]);
      ASSERT_TRUE(is_new && std::next(position) == model_.end());
    }
  }

  Place some_place() {
    return std::next(model_.begin(), static_cast<std::ptrdiff_t>(below(model_.size())))->first;
  }

  void mark_one() {
    if (model_.empty()) return;
    const ToldMark mark{some_place(), static_cast<std::uint8_t>(1 + below(3)),
                        static_cast<std::uint32_t>(random_())};
    ASSERT_EQ(log_->mark(mark.place, mark.mark, mark.argument), 0);
    unflushed_.push_back(mark);
  }

  void flush() {
    if (log_->flush_marks(one_of(2)) == 0) {
      flushed_.insert(unflushed_.begin(), unflushed_.end());
      unflushed_.clear();
      return;
    }
    maybe_.insert(unflushed_.begin(), unflushed_.end());
    files_.mend();
    ASSERT_EQ(log_->flush_marks(), 0);
    flushed_.insert(unflushed_.begin(), unflushed_.end());
    unflushed_.clear();
  }

  void remove_one() {
    if (model_.empty()) return;
    const std::uint32_t segment = some_place().segment;
    if (log_->remove(segment) != 0) return;
    std::erase_if(model_, [segment](const auto& frame) { return frame.first.segment == segment; });
    std::erase_if(unflushed_, [segment](const auto& mark) { return mark.place.segment == segment; });
    std::erase_if(flushed_, [segment](const auto& mark) { return mark.place.segment == segment; });
  }

  void read_one() {
    if (model_.empty()) return;
    const Place place = some_place();
    const std::string& payload = model_.at(place);
    std::vector<std::byte> bytes;
    if (log_->read(place, daemon::frame_bytes(payload.size()), bytes) != 0) return;
    const auto frame = log_->frames(place, bytes).next();
    ASSERT_TRUE(frame);
    ASSERT_EQ(std::string(reinterpret_cast<const char*>(frame->payload.data()), frame->payload.size()),
              payload);
  }

  void reopen() {
    files_.mend();
    append_some();  // a disk that works again is put right first
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path()))
      bytes += entry.file_size();
    ASSERT_GE(bytes, log_->total_bytes());
    ASSERT_LE(log_->total_bytes(), 40'000 + flushed_.size() * 16 + maybe_.size() * 16);
    maybe_.insert(unflushed_.begin(), unflushed_.end());
    log_.reset();
    open();
  }

  std::mt19937 random_;
  TemporaryDirectory directory_;
  FaultyFiles files_;
  std::unique_ptr<Log> log_;
  std::map<Place, std::string> model_;
  std::vector<ToldMark> unflushed_;
  std::set<ToldMark> flushed_;
  std::set<ToldMark> maybe_;  // a flush failed, they may be there all the same
};

TEST(LogModel, RandomOperationsDoWhatAMapDoes) {
  const std::uint32_t seeds = amount(40);
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    ModelRun(seed).run(400);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace ringpost::tests
