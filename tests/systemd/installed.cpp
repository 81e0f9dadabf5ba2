#include "tests/systemd/installed.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>

namespace ringpost::tests {
namespace {

// Of both releases; a folder that is gone with the program.
class Packages {
 public:
  Packages() {
    for (const char* const version : {kOlder, kNewer}) make(version);
  }
  std::string file(const std::string& version) const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("ringpost_" + version + "_")) return entry.path().string();
    }
    throw std::runtime_error("scripts/package made no ringpost_" + version);
  }

 private:
  void make(const std::string& version) const {
    ProcessOptions options;
    options.environment = {{"RINGPOST_BUILD", program("..")}, {"RINGPOST_COMPRESSION", "0"}};
    const Outcome made =
        run({source_file("scripts/package"), "--version", version, directory_.path().string()}, options,
            std::chrono::seconds(240));
    if (made.status != 0) throw std::runtime_error("scripts/package:\n" + made.errors);
  }
  TemporaryDirectory directory_;
};

}  // namespace

std::string package_file(const std::string& version) {
  static const Packages packages;
  return packages.file(version);
}

Installed::Installed() {
  std::filesystem::remove(
      box_.outside("/var/lib/man-db/auto-update"));  // seconds for the index of all manuals
  install(kOlder);
}

std::string apt_command(const std::string& words) {
  return "DEBIAN_FRONTEND=noninteractive apt-get --yes -o Dpkg::Options::=--force-confold " + words +
         " < /dev/null";
}

std::string Installed::put_package(const std::string& version) const {
  const std::string file = "/srv/ringpost_" + version + ".deb";
  std::filesystem::create_directories(box_.outside("/srv"));
  std::filesystem::copy_file(package_file(version), box_.outside(file),
                             std::filesystem::copy_options::overwrite_existing);
  return file;
}

Outcome Installed::apt_install(const std::string& version, const std::string& options) const {
  return box_.shell(apt_command("install " + options + " " + put_package(version)));
}

void Installed::install(const std::string& version) const {
  const Outcome installed = apt_install(version);
  if (installed.status != 0)
    throw std::runtime_error("apt-get install:\n" + installed.output + installed.errors);
}

std::string Installed::configuration(const std::string& more) const {
  return "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\", \"others\"]\n" +
         more + "\n";
}

void Installed::configure(const std::string& text) {
  box_.write(kConfiguration, text);
  box_.output_of("systemctl restart ringpostd");
  wait_until_connected();
}

InstanceStatus Installed::status(const std::string& instance) const {
  Outcome asked;
  const auto answered = [&] {
    asked = box_.run({"ringpost", "status", "--json"});
    return asked.status == 0 && asked.output.find(R"("state":"not_answering")") == std::string::npos;
  };
  if (!wait_until(answered)) throw std::runtime_error("ringpost status:\n" + asked.errors + journal());
  return instance_status(asked.output, instance);
}

void Installed::wait_until_connected() const {
  if (!wait_until([&] { return status().state == "connected"; })) throw std::runtime_error(journal());
}

InstanceStatus Installed::wait_until_settled() const {
  InstanceStatus now;
  if (!wait_until([&] { return (now = status()).waiting == 0; }))
    throw std::runtime_error(std::to_string(now.waiting) + " events wait:\n" + journal());
  return now;
}

std::string Installed::shown(const std::string& property, const std::string& unit) const {
  std::string value = box_.output_of({"systemctl", "show", "--value", "-p", property, unit});
  value.erase(value.find_last_not_of('\n') + 1);
  return value;
}

}  // namespace ringpost::tests
