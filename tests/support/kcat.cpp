#include "tests/support/kcat.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>

#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

// Takes what stands before the next separator.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  if (end == std::string_view::npos) throw std::runtime_error("kcat's output ends in the middle of a record");
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end + 1);
  return word;
}

std::int64_t take_number(std::string_view& text) {
  const std::string_view word = take_until(text, ' ');
  std::int64_t number = 0;
  if (std::from_chars(word.data(), word.data() + word.size(), number).ec != std::errc()) {
    throw std::runtime_error("kcat printed \"" + std::string(word) + "\" where a number should be");
  }
  return number;
}

std::string take_bytes(std::string_view& text, std::int64_t count) {
  const std::string bytes(text.substr(0, static_cast<std::size_t>(count)));
  text.remove_prefix(bytes.size());
  return bytes;
}

std::vector<std::pair<std::string, std::string>> parse_headers(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> headers;
  while (!text.empty()) {
    const std::string_view header = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), header.size() + 1));
    const std::size_t equals = header.find('=');
    headers.emplace_back(header.substr(0, equals), header.substr(std::min(header.size(), equals + 1)));
  }
  return headers;
}

}  // namespace

std::vector<Record> read_with_kcat(const std::string& brokers, const std::string& topic,
                                   const std::vector<std::string>& properties,
                                   const std::vector<std::string>& under) {
  std::vector<std::string> command = under;
  command.insert(command.end(), {"kcat", "-C", "-q", "-e", "-b", brokers, "-t", topic, "-o", "beginning",
                                 "-f", "%p %o %T %K %S %k%s%h\n"});
  for (const std::string& property : properties) command.insert(command.end(), {"-X", property});
  const Outcome outcome = run(command);
  if (outcome.status != 0) throw std::runtime_error("kcat: " + outcome.errors);
  std::vector<Record> records;
  for (std::string_view rest = outcome.output; !rest.empty();) {
    Record record;
    record.partition = take_number(rest);
    record.offset = take_number(rest);
    record.timestamp_ms = take_number(rest);
    const std::int64_t key_size = take_number(rest);
    const std::int64_t message_size = take_number(rest);
    if (key_size >= 0) record.key = take_bytes(rest, key_size);
    record.message = take_bytes(rest, message_size);
    record.headers = parse_headers(take_until(rest, '\n'));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace ringpost::tests
