// A folder that is gone, with everything in it, when the test ends.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ringpost::tests {

class TemporaryDirectory {
 public:
  TemporaryDirectory();  // short, so that a socket's path fits into sockaddr_un
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);  // empty when there is none
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace ringpost::tests
