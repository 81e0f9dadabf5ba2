#include "tests/kafka_moods/events.hpp"

#include <stdexcept>

namespace ringpost::tests {
namespace {

// Text that no codec makes nothing of.
std::string text_of(std::uint64_t number) {
  constexpr std::string_view kLetters = "0123456789abcdef";
  std::string text;
  std::uint64_t state = number;
  for (int word = 0; word < 6; ++word) {
    state = (state + 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
    for (unsigned int shift = 0; shift < 64; shift += 4) text += kLetters.at((state >> shift) & 15U);
  }
  return text;
}

std::string message_of(std::uint64_t number) {
  return R"({"n":)" + std::to_string(number) + R"(,"text":")" + text_of(number) + R"("})";
}

std::string key_of(std::uint64_t number) { return "key " + std::to_string(number % kKeys); }

}  // namespace

std::int64_t wall_clock_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

Event mood_event(const std::string& topic, std::uint64_t number, std::int64_t published_us) {
  return {
      "kafkaid", topic, message_of(number), key_of(number), {{"published", std::to_string(published_us)}}};
}

Came recognise(const Record& record) {
  constexpr std::size_t kNumberAt = 5;  // behind {"n":
  const std::optional<std::string> published = record.header("published");
  if (!published || !record.key || record.message.size() < kNumberAt)
    throw std::runtime_error("a record that nobody published: " + record.message);
  const Came came{std::stoull(record.message.substr(kNumberAt)), std::stoll(*published)};
  if (record.message != message_of(came.number) || *record.key != key_of(came.number))
    throw std::runtime_error("not what was published: " + record.message);
  return came;
}

}  // namespace ringpost::tests
