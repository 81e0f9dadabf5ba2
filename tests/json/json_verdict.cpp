// Reads texts (their size as 4 bytes, then the text) and prints for each what check_json says: kind and
// offset.
#include <cstdint>
#include <iostream>
#include <string>

#include "client-lib/json_check.hpp"
#include "ipc/limits.hpp"

int main() {
  std::ios::sync_with_stdio(false);
  std::uint32_t size = 0;
  std::string text;
  while (std::cin.read(reinterpret_cast<char*>(&size), sizeof size)) {
    text.resize(size);
    std::cin.read(text.data(), static_cast<std::streamsize>(size));
    const auto error = ringpost::json::check_json(text, ringpost::ipc::kJsonDepthMax);
    std::cout << static_cast<int>(error.kind) << ' ' << error.offset << '\n';
  }
  return 0;
}
