#include "kafka/secrets.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace ringpost::kafka {
namespace {

constexpr std::array<std::string_view, 8> kSecrets = {
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
};
constexpr std::string_view kSecondName = "sasl.oauthbearer.client.credentials.client.secret";

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw std::runtime_error(file + " " + why);
}

[[noreturn]] void refuse_by_errno(const std::string& file, const std::string& what) {
  const int code = errno;
  // systemd's folder of a unit's credentials is there as long as the unit runs.
  const bool of_a_unit = code == ENOENT && file.starts_with("/run/credentials/");
  refuse(file, what + ": " + std::generic_category().message(code) +
                   (of_a_unit ? "; a unit's credentials are there while it runs" : ""));
}

void check_mode(const std::string& file, mode_t mode) {
  if (!S_ISREG(mode)) refuse(file, "is not a regular file");
  if ((mode & S_IRWXO) == 0) return;
  std::array<char, 8> octal{};
  (void)std::snprintf(octal.data(), octal.size(), "%04o", mode & 07777U);
  refuse(file, std::string("is open to everybody (mode ") + octal.data() + "): chmod o-rwx it");
}

std::string read_whole(const std::string& file, int descriptor) {
  std::string text(kSecretMaxBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse_by_errno(file, "can't be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kSecretMaxBytes)
    refuse(file, "has more than " + std::to_string(kSecretMaxBytes / 1024) + " KiB: not a secret");
  text.resize(size);
  return text;
}

}  // namespace

bool is_secret(std::string_view property) {
  return property == kSecondName || std::ranges::binary_search(kSecrets, property);
}

std::vector<std::string_view> secret_properties() { return {kSecrets.begin(), kSecrets.end()}; }

std::string read_secret(const std::string& property, const std::string& file) {
  // A FIFO that nobody writes to must hold up nobody.
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (descriptor.number() < 0) refuse_by_errno(file, "can't be opened");
  struct stat status {};
  if (::fstat(descriptor.number(), &status) != 0) refuse_by_errno(file, "can't be read");
  check_mode(file, status.st_mode);
  std::string text = read_whole(file, descriptor.number());
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) refuse(file, "is empty");
  if (text.find('\0') != std::string::npos) refuse(file, "holds a NUL character");
  const bool has_lines = property.ends_with(".pem") || property.ends_with(".config");
  if (!has_lines && text.find('\n') != std::string::npos)
    refuse(file, "has more than one line; expected the secret alone");
  return text;
}

std::map<std::string, std::string> read_secrets(const SecretFiles& files) {
  std::map<std::string, std::string> secrets;
  for (const auto& [property, file] : files) secrets.emplace(property, read_secret(property, file));
  return secrets;
}

std::map<std::string, std::string> with_secrets(std::map<std::string, std::string> properties,
                                                const SecretFiles& files) {
  for (auto& [property, secret] : read_secrets(files))
    properties.insert_or_assign(property, std::move(secret));
  return properties;
}

}  // namespace ringpost::kafka
