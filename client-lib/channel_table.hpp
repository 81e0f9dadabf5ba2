// The channels of a handle by instance name. Grows only: one thread adds, any thread finds, without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

#include "client-lib/channel.hpp"
#include "client-lib/limits.hpp"
#include "client-lib/short_bytes.hpp"

namespace ringpost::client {

class ChannelTable {
 public:
  ~ChannelTable() {
    for (Channel* channel : all()) delete channel;
  }

  Channel* find(std::string_view name) const {
    for (Channel* channel : all()) {
      if (same_short(channel->name(), name)) return channel;
    }
    return nullptr;
  }

  // Control thread: the channel of that name, made if need be; nullptr: the table is full.
  Channel* find_or_add(std::string_view name) {
    if (Channel* channel = find(name)) return channel;
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == kChannelsMax) return nullptr;
    channels_[count] = new Channel(name);
    count_.store(count + 1, std::memory_order_release);  // pairs with all()
    return channels_[count];
  }

  std::span<Channel* const> all() const {
    // Pairs with the release in find_or_add: the channels below the count are complete.
    return {channels_.data(), count_.load(std::memory_order_acquire)};
  }

 private:
  std::array<Channel*, kChannelsMax> channels_{};
  std::atomic<std::size_t> count_{0};
};

}  // namespace ringpost::client
