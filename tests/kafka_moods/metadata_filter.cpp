#include "tests/kafka_moods/metadata_filter.hpp"

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ringpost::tests {
namespace {

constexpr std::uint16_t kMetadata = 3;
constexpr std::uint16_t kFlexibleVersion = 9;  // the first one with lengths in a few bits

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(at, size)) number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

// Without its length, which is taken off.
std::optional<std::string> take_frame(std::string& bytes) {
  constexpr std::size_t kLength = 4;
  if (bytes.size() < kLength) return std::nullopt;
  const std::size_t size = number_at(bytes, 0, kLength);
  if (bytes.size() < kLength + size) return std::nullopt;
  std::string frame = bytes.substr(kLength, size);
  bytes.erase(0, kLength + size);
  return frame;
}

std::string framed(const std::string& frame) {
  std::string bytes;
  for (unsigned shift = 32; shift != 0; shift -= 8)
    bytes += static_cast<char>(frame.size() >> (shift - 8) & 0xffU);
  return bytes + frame;
}

// Reads an answer's fields, one after the other.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : bytes_(bytes) {}
  std::size_t at() const { return at_; }
  void skip(std::size_t size) { at_ += size; }
  std::uint32_t variable() {  // seven bits a byte
    std::uint32_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.at(at_++));
      number |= (byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return number;
    }
  }
  void skip_text() {  // its length plus one; 0: null
    const std::uint32_t length = variable();
    skip(length == 0 ? 0 : length - 1);
  }
  void skip_tags() {
    for (std::uint32_t tags = variable(); tags != 0; --tags) {
      variable();
      skip(variable());
    }
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

// Correlation id, tags, throttle time; then an array of brokers: id, host, port, rack, tags.
std::string emptied(const std::string& answer) {
  Fields fields(answer);
  fields.skip(4);
  fields.skip_tags();
  fields.skip(4);
  const std::size_t begin = fields.at();
  for (std::uint32_t brokers = fields.variable(); brokers > 1; --brokers) {
    fields.skip(4);
    fields.skip_text();
    fields.skip(4);
    fields.skip_text();
    fields.skip_tags();
  }
  return answer.substr(0, begin) + '\x01' + answer.substr(fields.at());
}

}  // namespace

void MetadataFilter::request(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  requests_ += bytes;
  while (const auto request = take_frame(requests_)) {
    if (number_at(*request, 0, 2) == kMetadata)
      asked_[number_at(*request, 4, 4)] = static_cast<std::uint16_t>(number_at(*request, 2, 2));
  }
}

std::string MetadataFilter::answer(std::string_view bytes, bool without_brokers) {
  const std::lock_guard lock(mutex_);
  answers_ += bytes;
  std::string passed;
  while (const auto answer = take_frame(answers_)) {
    const auto asked = asked_.find(number_at(*answer, 0, 4));
    const bool metadata = asked != asked_.end();
    if (metadata && without_brokers && asked->second < kFlexibleVersion)
      throw std::runtime_error("a Metadata request of version " + std::to_string(asked->second));
    passed += framed(metadata && without_brokers ? emptied(*answer) : *answer);
    if (metadata) asked_.erase(asked);
  }
  return passed;
}

}  // namespace ringpost::tests
