#include "kafka/reaper.hpp"

#include <utility>

namespace ringpost::kafka {

Reaper::~Reaper() {
  for (const auto& helper : helpers_) {
    helper->thread.join();
  }
}

void Reaper::retire(std::function<void()> destroy) {
  join_done();
  Helper& helper = *helpers_.emplace_back(std::make_unique<Helper>());
  helper.thread = std::thread([&helper, destroy = std::move(destroy)] {
    destroy();
    helper.done.store(true, std::memory_order_release);  // pairs with the acquire in join_done()
  });
}

void Reaper::join_done() {
  helpers_.remove_if([](const std::unique_ptr<Helper>& helper) {
    if (!helper->done.load(std::memory_order_acquire)) {  // pairs with the release in retire()
      return false;
    }
    helper->thread.join();
    return true;
  });
}

}  // namespace ringpost::kafka
