#include "daemon/store/segment_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "daemon/store/boot_id.hpp"
#include "daemon/store/crc32c.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::size_t kWindowBytes = 1u << 20;
constexpr std::size_t kPageBytes = 4096;  // what a disk that fails leaves out
constexpr std::size_t kNumberDigits = 16;
constexpr std::int64_t kNsPerMs = 1'000'000;

// The bytes of a struct before its checksum.
template <typename T>
std::span<const std::byte> summed(const T& value) {
  return std::as_bytes(std::span(&value, 1)).first(offsetof(T, crc32c));
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::string_view to_string(Kind kind) { return kind == Kind::kSpool ? "spool" : "letters"; }

std::string segment_name(Kind kind, std::uint32_t number, std::string_view extension) {
  return fmt::format("{}-{:016x}.{}", to_string(kind), number, extension);
}

SegmentName parse_segment_name(Kind kind, std::string_view name) {
  using Type = SegmentName::Type;
  const std::string prefix = fmt::format("{}-", to_string(kind));
  if (!name.starts_with(prefix)) return {};
  const std::string_view rest = name.substr(prefix.size());
  const std::string_view digits = rest.substr(0, kNumberDigits);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc{} || end != digits.data() + kNumberDigits || number == 0 ||
      number > kSegmentNumberMax)
    return {Type::kMalformed, 0};
  const auto small = static_cast<std::uint32_t>(number);
  if (name == segment_name(kind, small, "log")) return {Type::kLog, small};
  if (name == segment_name(kind, small, "marks")) return {Type::kMarks, small};
  if (name.starts_with(segment_name(kind, small, "log.damaged-"))) return {Type::kDamaged, small};
  return {Type::kMalformed, small};
}

SegmentHeader make_segment_header(Kind kind, std::uint32_t number, std::uint32_t salt,
                                  std::int64_t created_ms) {
  SegmentHeader header{};
  header.magic = kSegmentMagic;
  header.version = kSegmentVersion;
  header.kind = static_cast<std::uint32_t>(kind);
  header.number = number;
  header.salt = salt;
  header.boot_id = boot_id();
  header.created_ms = created_ms;
  header.crc32c = crc32c(summed(header));
  return header;
}

MarkEntry make_mark(Place place, std::uint8_t mark, std::uint32_t argument, std::uint32_t salt) {
  MarkEntry entry{static_cast<std::uint32_t>(place.offset / kFrameAlignBytes), mark, {}, argument, 0};
  entry.crc32c = crc32c(summed(entry), salt);
  return entry;
}

// Makes sure that the window has these bytes. False: the file ends before.
bool SegmentFile::fill(std::uint64_t offset, std::size_t bytes) {
  if (offset >= window_offset_ && offset + bytes <= window_offset_ + window_.size()) return true;
  if (bytes > size_bytes_ || offset > size_bytes_ - bytes) return false;
  window_offset_ = offset;
  window_.resize(
      static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes_ - offset, std::max(bytes, kWindowBytes))));
  std::size_t have = 0;
  while (have < window_.size()) {
    std::size_t got = 0;
    const int error = read_whole(files_, file_, std::span(window_).subspan(have), offset + have, got);
    have += got;
    if (error == 0) break;
    error_ = error;
    const std::size_t rest_of_page = kPageBytes - (offset + have) % kPageBytes;
    const std::size_t next = std::min(window_.size(), have + rest_of_page);
    std::fill(window_.begin() + static_cast<std::ptrdiff_t>(have),
              window_.begin() + static_cast<std::ptrdiff_t>(next), std::byte{0});
    have = next;
  }
  if (have < window_.size()) size_bytes_ = offset + have;  // somebody has cut it meanwhile
  window_.resize(have);
  return bytes <= have;
}

std::span<const std::byte> SegmentFile::window(std::uint64_t offset, std::size_t bytes) const {
  assert(offset >= window_offset_ && offset + bytes <= window_offset_ + window_.size());
  return std::span(window_).subspan(static_cast<std::size_t>(offset - window_offset_), bytes);
}

SegmentFile::Form SegmentFile::begin() {
  error_ = files_.size(file_, size_bytes_);
  if (error_ != 0) return Form::kUnreadable;
  if (size_bytes_ > kSegmentMaxBytes) return Form::kForeign;
  facts_.bytes = size_bytes_;
  SegmentHeader header{};
  if (size_bytes_ < sizeof header || !fill(0, sizeof header)) return form_of_short_file();
  std::memcpy(&header, window(0, sizeof header).data(), sizeof header);
  at_ = sizeof header;
  if (header.magic != kSegmentMagic || header.crc32c != crc32c(summed(header)))
    return form_without_header(header);
  if (header.version != kSegmentVersion) return Form::kNewer;
  if (header.kind != static_cast<std::uint32_t>(kind_) || header.number != number_) return Form::kForeign;
  salt_ = header.salt;
  facts_.boot_id = header.boot_id;
  facts_.created_ms = header.created_ms;
  return Form::kWhole;
}

// The beginning of a header, or zeros: a crash while it was made.
SegmentFile::Form SegmentFile::form_of_short_file() {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes_, sizeof kSegmentMagic));
  if (bytes == 0) return Form::kEmpty;
  if (!fill(0, bytes)) return Form::kUnreadable;
  if (error_ != 0) return Form::kUnreadable;
  const auto begin = window(0, bytes);
  const bool ours = std::memcmp(begin.data(), &kSegmentMagic, bytes) == 0 || all_zero(begin);
  return ours ? Form::kEmpty : Form::kForeign;
}

// The salt is the one that the first whole frame has.
SegmentFile::Form SegmentFile::form_without_header(const SegmentHeader& header) {
  facts_.header_lost = true;
  facts_.created_ms = ipc::realtime_ns() / kNsPerMs;
  if (const auto first = next()) {
    at_ = first->place.offset;
    if (damaged_.empty()) damaged_.emplace_back(sizeof header, sizeof header);
    damaged_.front().first = 0;
    return Form::kWhole;
  }
  if (error_ != 0) return Form::kUnreadable;
  if (is_zero()) return error_ == 0 ? Form::kEmpty : Form::kUnreadable;
  return header.magic == kSegmentMagic && header.version > kSegmentVersion ? Form::kNewer : Form::kForeign;
}

bool SegmentFile::is_zero() {
  window_.clear();
  for (std::uint64_t offset = 0; offset < size_bytes_; offset += window_.size()) {
    if (!fill(offset, 1) || !all_zero(window_)) return false;
  }
  return true;
}

void SegmentFile::damage(std::uint64_t bytes) {
  if (damaged_.empty() || damaged_.back().second != at_) damaged_.emplace_back(at_, at_);
  damaged_.back().second += bytes;
  at_ += bytes;
}

std::optional<FrameReader::Frame> SegmentFile::next() {
  while (fill(at_, sizeof(FrameHeader))) {
    FrameHeader header;
    std::memcpy(&header, window(at_, sizeof header).data(), sizeof header);
    if (!is_frame_header(header, at_, salt_)) {
      damage(kFrameAlignBytes);
      continue;
    }
    const std::size_t bytes = frame_bytes(header.payload_bytes);
    if (!fill(at_, bytes)) {  // more than there is: the end of a write that was cut short
      damage(kFrameAlignBytes);
      continue;
    }
    const auto payload = window(at_, bytes).subspan(sizeof header, header.payload_bytes);
    if (crc32c(payload) != header.payload_crc32c) {
      damage(bytes);
      continue;
    }
    salt_ = header.salt;
    const Place place{number_, static_cast<std::uint32_t>(at_)};
    at_ += bytes;
    return FrameReader::Frame{place, payload};
  }
  if (at_ < size_bytes_) damage(size_bytes_ - at_);
  return std::nullopt;
}

int read_marks(Files& files, const std::string& path, std::uint32_t number, std::uint32_t salt,
               LogVisitor& visitor, MarksRead& read) {
  ipc::Descriptor file;
  if (const int error = files.open_read(path, file)) return error;
  std::uint64_t size_bytes = 0;
  if (const int error = files.size(file.get(), size_bytes)) return error;
  std::vector<MarkEntry> entries(kWindowBytes / sizeof(MarkEntry));
  std::uint64_t offset = 0;
  std::size_t zeros = 0;  // entries; at the end they don't count
  for (;;) {
    std::size_t got = 0;
    const auto bytes = std::as_writable_bytes(std::span(entries));
    if (const int error = read_whole(files, file.get(), bytes, offset, got)) return error;
    for (const MarkEntry& entry : std::span(entries).first(got / sizeof(MarkEntry))) {
      offset += sizeof entry;
      if (all_zero(std::as_bytes(std::span(&entry, 1)))) {
        ++zeros;
        continue;
      }
      read.bytes = offset;
      read.damaged += std::exchange(zeros, 0);
      const std::uint64_t place = std::uint64_t{entry.offset_by_8} * kFrameAlignBytes;
      if (place < sizeof(SegmentHeader) || place >= kSegmentMaxBytes ||
          entry.crc32c != crc32c(summed(entry), salt)) {
        ++read.damaged;
        continue;
      }
      visitor.mark({number, static_cast<std::uint32_t>(place)}, entry.mark, entry.argument);
    }
    if (got < bytes.size()) return 0;
  }
}

}  // namespace ringpost::daemon
