// libringpost.so as a host loads it: through dlopen, used, closed, and gone from the address space.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>

#include "client-lib/ringpost.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {
namespace {

bool is_mapped(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(name) != std::string::npos) return true;
  }
  return false;
}

template <typename Function>
Function* symbol(void* library, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(library, name));
}

void load_use_and_unload(const FakeDaemon& daemon) {
  void* library = ::dlopen(RINGPOST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  ringpost_options options{};
  options.socket_path = daemon.socket_path().c_str();
  ringpost_handle* handle = nullptr;
  ASSERT_EQ(symbol<decltype(ringpost_open)>(library, "ringpost_open")(&options, &handle), RINGPOST_OK);
  ringpost_event event{};
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = "1";
  event.message_size = 1;
  auto* const publish = symbol<decltype(ringpost_publish)>(library, "ringpost_publish");
  EXPECT_EQ(publish(handle, &event), RINGPOST_OK);
  // This thread outlives the library: it must not leave anything behind that runs at the thread's end.
  std::thread([&] { EXPECT_EQ(publish(handle, &event), RINGPOST_OK); }).join();
  event.topic = "unknown";
  EXPECT_EQ(publish(handle, &event), RINGPOST_UNKNOWN_TOPIC);
  symbol<decltype(ringpost_close)>(library, "ringpost_close")(handle);
  EXPECT_EQ(::dlclose(library), 0);
}

TEST(Library, loads_works_and_goes_away_again_and_again) {
  FakeDaemon daemon;
  for (int round = 1; round <= 5; ++round) {
    std::thread([&] { load_use_and_unload(daemon); }).join();
    load_use_and_unload(daemon);
    EXPECT_FALSE(is_mapped("libringpost.so")) << "round " << round;
  }
  EXPECT_EQ(daemon.drain().size(), 20u);
}

}  // namespace
}  // namespace ringpost::tests
