// What a release has left, as files: the keeper's memories and the state directory, in text without the lines that are zero.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "ipc/descriptor.hpp"
#include "ipc/shared_memory.hpp"
#include "tests/keeper/keeper_client.hpp"

namespace ringpost::tests {

inline std::string image_of(std::string_view bytes) {
  constexpr std::size_t kLineBytes = 32;
  std::ostringstream out;
  out << bytes.size() << "\n" << std::hex << std::setfill('0');
  for (std::size_t offset = 0; offset < bytes.size(); offset += kLineBytes) {
    const std::string_view line = bytes.substr(offset, kLineBytes);
    if (line.find_first_not_of('\0') == std::string_view::npos) continue;
    out << offset << " ";
    for (const char byte : line)
      out << std::setw(2) << static_cast<unsigned>(static_cast<unsigned char>(byte));
    out << "\n";
  }
  return out.str();
}

inline std::string bytes_of(const std::filesystem::path& image) {
  std::ifstream in(image);
  std::size_t size_bytes = 0;
  if (!(in >> size_bytes)) throw std::runtime_error("no image: " + image.string());
  std::string bytes(size_bytes, '\0');
  std::size_t offset = 0;
  for (std::string digits; in >> std::hex >> offset >> digits;) {
    for (std::size_t at = 0; at < digits.size() / 2; ++at)
      bytes.at(offset + at) = static_cast<char>(std::stoi(digits.substr(2 * at, 2), nullptr, 16));
  }
  return bytes;
}

// FOLDER/kept/NAME and FOLDER/state/FILE, of the instance's folder.
class ReleaseImage {
 public:
  explicit ReleaseImage(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // After the daemon's death: takes from the keeper what it holds.
  void write(const std::string& keeper_socket, const std::string& instance_folder) const {
    std::filesystem::create_directories(folder_ / "kept");
    std::filesystem::create_directories(folder_ / "state");
    for (const auto& [name, bytes] : KeeperClient(keeper_socket).take().contents) {
      const bool is_memory =
          name.starts_with("arena.") || name.starts_with("journal.") || name.starts_with("lane.");
      if (is_memory) std::ofstream(folder_ / "kept" / name) << image_of(bytes);
    }
    for (const auto& file : std::filesystem::directory_iterator(instance_folder))
      std::ofstream(folder_ / "state" / file.path().filename()) << image_of(content_of(file.path()));
  }

  // Before the next daemon: a process gives all of it to the keeper and ends, as the daemon did that died.
  void keep(const std::string& keeper_socket) const {
    const pid_t child = ::fork();
    if (child == 0) {
      give(keeper_socket);
      ::_exit(0);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
      throw std::runtime_error("the keeper did not take the release's memories");
  }
  void put_files(const std::string& instance_folder) const {
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "state"))
      std::ofstream(std::filesystem::path(instance_folder) / file.path().filename(), std::ios::binary)
          << bytes_of(file.path());
  }

 private:
  void give(const std::string& keeper_socket) const {
    KeeperClient dead(keeper_socket);
    dead.take();
    for (const auto& file : std::filesystem::directory_iterator(folder_ / "kept")) {
      const std::string bytes = bytes_of(file.path());
      const ipc::Descriptor memory = ipc::create_memory("release", bytes.size());
      const ipc::Mapping mapping = ipc::map(memory, ipc::Access::kReadWrite, 0, bytes.size());
      std::copy(bytes.begin(), bytes.end(), static_cast<char*>(mapping.get_address()));
      dead.keep(file.path().filename().string(), memory.get());
    }
  }
  static std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_;
};

}  // namespace ringpost::tests
