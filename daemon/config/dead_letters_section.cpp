#include "daemon/config/sections.hpp"

namespace ringpost::daemon {

DeadLettersConfig read_dead_letters(const toml::table& table, const std::string& path, Problems& problems) {
  Section section(table, path, problems);
  DeadLettersConfig config;
  section.read_size("size", config.size_bytes, kDeadLettersSizeMinBytes, kDeadLettersSizeMaxBytes);
  section.read_duration("age", config.age, kDeadLettersAgeMin, kDeadLettersAgeMax, "no limit");
  section.finish();
  return config;
}

}  // namespace ringpost::daemon
