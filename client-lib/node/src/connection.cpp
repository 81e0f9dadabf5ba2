#include "client-lib/node/src/connection.hpp"

#include <array>
#include <map>
#include <mutex>
#include <utility>

namespace ringpost::node {
namespace {

using Key = std::pair<std::optional<std::string>, std::optional<std::string>>;

// Held while one is opened: of several workers that start at once, one connects and the others get the same.
std::mutex mutex;
std::map<Key, std::weak_ptr<Client>>& connections() {
  static std::map<Key, std::weak_ptr<Client>> all;
  return all;
}

bool has_daemon(const Client& client) {
  std::array<char, 65> name;
  return ringpost_instance_name(client.handle(), 0, name.data(), name.size()) != RINGPOST_DAEMON_UNAVAILABLE;
}

std::shared_ptr<Client> open(const ConnectOptions& options, int& code) {
  auto client = std::make_shared<Client>(nullptr);
  code = client
             ->open({.socket_path = options.socket_path ? options.socket_path->c_str() : nullptr,
                     .client_name = options.client_name ? options.client_name->c_str() : nullptr,
                     .connect_timeout_ms = options.timeout_ms})
             .value();
  return code == RINGPOST_OK ? client : nullptr;
}

}  // namespace

std::shared_ptr<Client> connect(const ConnectOptions& options, int& code) {
  const std::scoped_lock lock(mutex);
  std::weak_ptr<Client>& known = connections()[{options.socket_path, options.client_name}];
  // Who asked to wait for a daemon must not get one that has none: its own attempt says why.
  if (std::shared_ptr<Client> shared = known.lock()) {
    if (options.timeout_ms < 0 || has_daemon(*shared)) return shared;
  }
  std::shared_ptr<Client> fresh = open(options, code);
  if (fresh != nullptr) known = fresh;
  return fresh;
}

}  // namespace ringpost::node
