// The connections of this copy of the library, by number. Java hands numbers in, never addresses: one that was closed, or never
// was, is found out, also while other threads are inside.
//
// Static, zero to begin with, and never destroyed: threads may publish while another one is inside exit().
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "client-lib/ringpost.hpp"

namespace ringpost::java {

inline constexpr std::size_t kHandlesMax = 256;

struct alignas(64) Stripe {
  std::atomic<std::int64_t> calls;
};

struct Handle {
  std::atomic<std::int64_t> turn;  // odd: open; each opening and each closing is one more
  std::atomic<bool> taken;         // from before the opening until all of the closing is done
  ringpost_handle* post;
  std::array<Stripe, 16> stripes;  // the calls that are inside, each counted where its thread counts
};

// Keeps `post` under a number, which is positive; 0: there are kHandlesMax already.
std::int64_t keep_handle(ringpost_handle* post);

// Waits for the calls that are inside, which never wait, and closes. False: it is not open, or another thread closes it.
bool close_handle(std::int64_t number);

void close_all_handles();

// A call on a handle, which stays open as long as this lives.
class Use {
 public:
  explicit Use(std::int64_t number);
  ~Use();
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  explicit operator bool() const { return post_ != nullptr; }
  ringpost_handle* post() const { return post_; }

 private:
  std::atomic<std::int64_t>* calls_ = nullptr;
  ringpost_handle* post_ = nullptr;  // nullptr: there is no such handle, or no longer
};

}  // namespace ringpost::java
