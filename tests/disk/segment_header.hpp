// A log file's header as another boot, or another day, would have written it.
#pragma once

#include <cstring>
#include <filesystem>
#include <span>
#include <string>

#include "daemon/store/crc32c.hpp"
#include "daemon/store/segment_layout.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {

template <typename Change>
void change_segment_header(const std::filesystem::path& log_file, Change change) {
  std::string bytes = read_file(log_file);
  daemon::SegmentHeader header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  change(header);
  header.crc32c =
      daemon::crc32c(std::as_bytes(std::span(&header, 1)).first(offsetof(daemon::SegmentHeader, crc32c)));
  std::memcpy(bytes.data(), &header, sizeof header);
  write_file(log_file, bytes);
}

}  // namespace ringpost::tests
