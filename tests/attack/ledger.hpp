// Who published what, in memory that forked children share: an account for each author, whose events are numbered from 0.
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

#include "client-lib/c_api.hpp"

namespace ringpost::tests {

struct Ledger {
  static constexpr std::uint32_t kAuthorsMax = 1u << 16;

  std::atomic<std::uint32_t> authors;
  std::atomic<std::uint64_t> attempted;
  std::atomic<std::uint64_t> refused;
  std::atomic<int> unexpected;  // a code that no call here should give
  std::array<std::atomic<std::uint32_t>, kAuthorsMax> accepted;

  // For one round; never unmapped, for threads that were left behind.
  static Ledger& create() {
    void* const memory =
        ::mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return *static_cast<Ledger*>(memory);  // all zeros
  }
};

// One thread's, or one signal handler's in it: nothing in here allocates.
class Author {
 public:
  explicit Author(Ledger& ledger) : ledger_(&ledger), number_(ledger.authors.fetch_add(1)) {
    if (number_ >= Ledger::kAuthorsMax) throw std::runtime_error("too many authors");
  }

  int publish(ringpost_handle* post, std::size_t padding = 0) {
    write_text(text_.data(), padding);
    ringpost_event event = orders();
    event.message = text_.data();
    event.message_size = size_;
    return note(ringpost_publish(post, &event));
  }
  int reserve(ringpost_handle* post, ringpost_reservation& reservation) {
    ringpost_event event = orders();
    event.message_size = kTextMax;
    const int code = ringpost_reserve(post, &event, &reservation);
    return code == RINGPOST_OK ? code : note(code);
  }
  int commit(ringpost_handle* post, ringpost_reservation& reservation, std::size_t padding) {
    write_text(reservation.text, padding);
    return note(ringpost_commit(post, &reservation, size_, 0));
  }

  static constexpr std::size_t kTextMax = 16u << 10;
  static constexpr std::size_t kDigits = 8;
  static constexpr std::size_t kAuthorAt = 2;
  static constexpr std::size_t kNumberAt = 13;

 private:
  static ringpost_event orders() {
    ringpost_event event{};
    event.instance = "kafkaid";
    event.topic = "orders";
    return event;
  }

  // ["author","number","xxx"], both numbers with kDigits digits.
  void write_text(char* text, std::size_t padding) {
    constexpr std::string_view kFrame = R"(["00000000","00000000",")";
    constexpr std::string_view kEnd = "\"]";
    kFrame.copy(text, kFrame.size());
    put_digits(text + kAuthorAt, number_);
    put_digits(text + kNumberAt, ledger_->accepted.at(number_).load(std::memory_order_relaxed));
    std::memset(text + kFrame.size(), 'x', padding);
    kEnd.copy(text + kFrame.size() + padding, kEnd.size());
    size_ = kFrame.size() + padding + kEnd.size();
  }

  static void put_digits(char* at, std::uint32_t number) {
    for (std::size_t digit = kDigits; digit != 0; number /= 10)
      at[--digit] = static_cast<char>('0' + number % 10);
  }

  int note(int code) {
    ledger_->attempted.fetch_add(1, std::memory_order_relaxed);
    if (code == RINGPOST_OK) {
      ledger_->accepted.at(number_).fetch_add(1, std::memory_order_relaxed);
      return code;
    }
    ledger_->refused.fetch_add(1, std::memory_order_relaxed);
    if (code != RINGPOST_BUFFER_FULL && code != RINGPOST_DAEMON_UNAVAILABLE) ledger_->unexpected.store(code);
    return code;
  }

  Ledger* ledger_;
  std::uint32_t number_;
  std::size_t size_ = 0;
  std::array<char, kTextMax> text_{};
};

}  // namespace ringpost::tests
