// The installed C++ header, alone.
#include <iostream>
#include <string_view>

#include <ringpost.hpp>

int main() {
  if (std::string_view(ringpost_error_name(RINGPOST_INVALID_JSON)) != "INVALID_JSON") return 1;
  std::cout << ringpost_error_name(RINGPOST_INVALID_JSON) << "\n";
  return 0;
}
