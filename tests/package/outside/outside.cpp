// The installed C++ header, alone.
#include <iostream>
#include <string_view>

#include <ringpost.hpp>

int main() {
  try {
    const ringpost::Client client({.socket_path = "/nowhere/ringpost.sock", .connect_timeout_ms = 1});
    return 1;
  } catch (const ringpost::PublishError& error) {
    if (error.code() != ringpost::Error::kDaemonUnavailable || !error.retryable()) return 2;
    if (std::string_view(error.what()).find("/nowhere/ringpost.sock") == std::string_view::npos) return 3;
    std::cout << error.code().message() << ": " << error.what() << "\n";
  }
  return 0;
}
