// Secrets that stand in files of their own, each the value of one librdkafka property: a password, a key's password, an OAuth
// client's secret.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::kafka {

using SecretFiles = std::map<std::string, std::string>;  // librdkafka's property, and the file's path

inline constexpr std::size_t kSecretMaxBytes = std::size_t{64} * 1024;

// Whether the value of this property must not be seen by others.
bool is_secret(std::string_view property);
std::vector<std::string_view> secret_properties();  // sorted; without second names

// What the file holds, without the new line at its end. Throws std::runtime_error, "FILE ...", when it can't be read, is empty,
// too large, no text, or open to other users than its owner and group. Never shows what it holds.
std::string read_secret(const std::string& property, const std::string& file);

// All of them, by property. Throws the same.
std::map<std::string, std::string> read_secrets(const SecretFiles& files);

// `properties`, and over them what the files hold. Throws the same.
std::map<std::string, std::string> with_secrets(std::map<std::string, std::string> properties,
                                                const SecretFiles& files);

}  // namespace ringpost::kafka
