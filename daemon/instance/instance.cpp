#include "daemon/instance/instance.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/instance/loop.hpp"

namespace ringpost::daemon {
namespace {

// Requests are copied about as std::function: a descriptor of their own travels in a shared_ptr.
std::shared_ptr<ipc::Descriptor> duplicate(const ipc::Descriptor& descriptor) {
  const int number = ::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0);
  if (number < 0) throw std::system_error(errno, std::generic_category(), "duplicating a lane's descriptor");
  return std::make_shared<ipc::Descriptor>(number);
}

}  // namespace

Instance::Instance(const InstanceConfig& config, InstanceEvents events)
    : loop_(std::make_unique<Loop>(config, std::move(events))) {}

Instance::~Instance() = default;

const InstanceConfig& Instance::config() const { return loop_->config(); }

const ipc::Descriptor& Instance::board_memory() const { return loop_->board_memory(); }

void Instance::open_channel(std::shared_ptr<Client> client, ipc::Descriptor doorbell) {
  auto moved = std::make_shared<ipc::Descriptor>(std::move(doorbell));
  loop_->ask(
      [client = std::move(client), moved](Loop& loop) { loop.open_channel(client->id, std::move(*moved)); });
}

void Instance::open_lane(std::shared_ptr<Client> client, std::uint64_t lane_id, std::uint32_t slot,
                         const ipc::Descriptor& memory, std::function<void(bool)> registered) {
  loop_->ask([client = std::move(client), lane_id, slot, copy = duplicate(memory),
              registered = std::move(registered)](Loop& loop) {
    registered(loop.intake().open_lane(client, lane_id, slot, *copy, loop.config().lane_size_bytes));
  });
}

void Instance::client_gone(std::uint64_t client_id, std::function<void()> done) {
  loop_->ask([client_id, done = std::move(done)](Loop& loop) {
    loop.forget_client(client_id);
    loop.intake().client_gone(client_id, done);
  });
}

void Instance::status(std::function<void(const InstanceStatus&)> done) {
  loop_->ask([done = std::move(done)](Loop& loop) { done(loop.read_status()); });
}

void Instance::stop(std::int64_t deadline_ns, std::function<void(const InstanceStatus&)> done) {
  loop_->ask([deadline_ns, done = std::move(done)](Loop& loop) { loop.begin_stop(deadline_ns, done); });
}

}  // namespace ringpost::daemon
