// A log's files as a daemon finds them after whatever has happened to its disk. The input is what lies there:
//
//     kind u8       % 4 == 0: segment 1 is these bytes
//                   % 4 == 1: they are behind a header that is right; frames in them are mended:
//                             each group of (size u8, payload) a frame; size 0: the next 8 bytes as they are
//                   % 4 == 2: as 1, then pairs of (offset u16, value u8) at the end of the input change bytes
//                   % 4 == 3: as 1, and marks: the bytes behind the frames, up to 64
//
// Whatever it is: what is told are whole frames in order, each at a place where it can be read; a second look says the same and
// has nothing new to report; what is appended then is found; a payload that is told goes through the decoders.
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "daemon/store/log.hpp"
#include "daemon/store/segment_file.hpp"
#include "daemon/store/stored_record.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"

namespace ringpost::fuzz {
namespace {

using daemon::Kind;
using daemon::Log;
using daemon::Place;

constexpr std::uint32_t kSalt = 0x5A17;
constexpr std::size_t kMarksMaxBytes = 64;

struct Told final : daemon::LogVisitor {
  void segment(std::uint32_t number, const daemon::SegmentFacts&) override { segments.push_back(number); }
  void mark(Place place, std::uint8_t mark, std::uint32_t argument) override {
    require(place.segment != 0 && place.offset % daemon::kFrameAlignBytes == 0, "a mark is at a place");
    marks += mark + std::size_t{argument} + 1;
  }
  void frame(Place place, std::span<const std::byte> payload) override {
    require(places.empty() || places.back() < place, "frames come in their order");
    require(!payload.empty(), "a frame has a payload");
    places.push_back(place);
    sizes.push_back(payload.size());
    daemon::StoredRecord record;
    if (daemon::decode(payload, record).empty()) require(!record.view.topic.empty(), "a record has a topic");
    daemon::StoredLetter letter;
    if (daemon::decode(payload, letter).empty())
      require(!letter.instance.empty(), "a letter has an instance");
  }
  std::vector<std::uint32_t> segments;
  std::vector<Place> places;
  std::vector<std::size_t> sizes;
  std::size_t marks = 0;
};

const std::filesystem::path& folder() {
  static const std::filesystem::path path = [] {
    const auto made =
        std::filesystem::temp_directory_path() / ("ringpost-fuzz-" + std::to_string(::getpid()));
    std::filesystem::create_directories(made);
    std::atexit([] { std::filesystem::remove_all(folder()); });
    return made;
  }();
  return path;
}

void write(const char* extension, std::span<const std::byte> bytes) {
  std::ofstream file(folder() / daemon::segment_name(Kind::kSpool, 1, extension), std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::byte> mended(Input& input) {
  const daemon::SegmentHeader header = daemon::make_segment_header(Kind::kSpool, 1, kSalt, 1);
  const auto head = std::as_bytes(std::span(&header, 1));
  std::vector<std::byte> file(head.begin(), head.end());
  for (std::size_t groups = 0; groups < 32 && !input.empty(); ++groups) {
    const std::uint8_t size = input.byte();
    const auto bytes = std::as_bytes(input.bytes(size == 0 ? daemon::kFrameAlignBytes : size));
    if (bytes.empty()) break;
    if (size != 0) {
      daemon::add_frame(bytes, file.size(), kSalt, file);
      continue;
    }
    file.insert(file.end(), bytes.begin(), bytes.end());
    file.resize((file.size() + 7) / 8 * 8);
  }
  return file;
}

void write_files(Input& input) {
  const std::uint8_t kind = input.byte() % 4;
  if (kind == 0) {
    write("log", std::as_bytes(input.bytes(1u << 20)));
    return;
  }
  std::vector<std::byte> file = mended(input);
  while (kind == 2 && !input.empty()) {
    const auto offset = input.number<std::uint16_t>();
    file[offset % file.size()] = std::byte{input.byte()};
  }
  write("log", file);
  if (kind == 3) write("marks", std::as_bytes(input.bytes(kMarksMaxBytes)));
}

std::unique_ptr<Log> open(Told& told, std::vector<daemon::Problem>& problems) {
  Log::Options options;
  options.directory = folder();
  options.sync = Log::Sync::kNever;
  auto log = Log::open(daemon::real_files(), options, told, problems);
  require(log != nullptr, "whatever lies there, the log can be opened");
  return log;
}

void check(Input& input) {
  for (const auto& entry : std::filesystem::directory_iterator(folder())) std::filesystem::remove_all(entry);
  write_files(input);
  Told told;
  std::vector<daemon::Problem> problems;
  auto log = open(told, problems);
  std::vector<std::byte> bytes;
  for (std::size_t at = 0; at < told.places.size(); ++at) {
    require(log->read(told.places[at], daemon::frame_bytes(told.sizes[at]), bytes) == 0,
            "a place can be read");
    const auto frame = log->frames(told.places[at], bytes).next();
    require(frame && frame->payload.size() == told.sizes[at], "what was told is there");
    require(log->mark(told.places[at], 1) == 0, "a place can be marked");
  }
  require(log->flush_marks() == 0, "marks are written");
  const std::byte last{7};
  const std::span<const std::byte> payload(&last, 1);
  std::vector<Place> places;
  require(log->append(std::span(&payload, 1), places) == 0, "more can be appended");

  Told again;
  problems.clear();
  log = open(again, problems);
  require(again.places.size() == told.places.size() + 1 && again.places.back() == places[0],
          "all is found again");
  require(std::equal(told.places.begin(), told.places.end(), again.places.begin()), "at the same places");
  for (const daemon::Problem& problem : problems)
    require(problem.kind != daemon::Problem::Kind::kCut && problem.kind != daemon::Problem::Kind::kDamaged,
            "damage is reported once");
}

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringpost::fuzz::Input input(data, size);
  ringpost::fuzz::check(input);
  return 0;
}
