// ringpost.hpp: ringpost.h for C++20, with an owner for the handle and for reservations, views instead of pointers and
// sizes, and each call in two forms: one that throws ringpost::PublishError, and a noexcept one that returns a
// std::error_code. The conventions of ringpost.h hold.
//
//     ringpost::Client client;
//     client.publish({.instance = "kafkaid", .topic = "orders", .message = R"({"id":123})", .key = "123"});
//
// `ringpost` is a namespace here, so the C handle goes by the name ringpost_handle: include this file instead of
// ringpost.h, not after it.
#pragma once

#if defined(RINGPOST_H) && !defined(RINGPOST_NO_HANDLE_NAME)
#error "include ringpost.hpp instead of ringpost.h: in C++ `ringpost` is the namespace"
#endif
#ifndef RINGPOST_NO_HANDLE_NAME
#define RINGPOST_NO_HANDLE_NAME
#endif
#include <array>
#include <cstddef>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "ringpost.h"

namespace ringpost {

enum class Error {
  kInvalidArgument = RINGPOST_INVALID_ARGUMENT,
  kInvalidJson = RINGPOST_INVALID_JSON,
  kDisabled = RINGPOST_DISABLED,
  kDenied = RINGPOST_DENIED,
  kUnknownInstance = RINGPOST_UNKNOWN_INSTANCE,
  kUnknownTopic = RINGPOST_UNKNOWN_TOPIC,
  kMessageTooLarge = RINGPOST_MESSAGE_TOO_LARGE,
  kBufferFull = RINGPOST_BUFFER_FULL,
  kNotConnected = RINGPOST_NOT_CONNECTED,
  kDaemonUnavailable = RINGPOST_DAEMON_UNAVAILABLE,
};

// The category "ringpost"; its messages are the codes' names. What happened in full says last_error_message().
inline const std::error_category& error_category() {
  class Category final : public std::error_category {
    const char* name() const noexcept override { return "ringpost"; }
    std::string message(int code) const override { return ringpost_error_name(code); }
  };
  // Never destroyed: other threads may go on publishing while one is inside exit().
  alignas(Category) static unsigned char storage[sizeof(Category)];
  static const Category& category = *new (storage) Category;
  return category;
}

inline std::error_code make_error_code(Error error) { return {static_cast<int>(error), error_category()}; }

}  // namespace ringpost

template <>
struct std::is_error_code_enum<ringpost::Error> : std::true_type {};

namespace ringpost {

inline int status(const std::error_code& code) { return ringpost_error_status(code.value()); }
inline bool retryable(const std::error_code& code) { return ringpost_error_retryable(code.value()) != 0; }
inline const char* last_error_message() { return ringpost_last_error_message(); }

// What the throwing forms throw; what() is the message in full.
class PublishError : public std::runtime_error {
 public:
  explicit PublishError(std::error_code code) : std::runtime_error(last_error_message()), code_(code) {}
  const std::error_code& code() const noexcept { return code_; }
  int status() const noexcept { return ringpost::status(code_); }
  bool retryable() const noexcept { return ringpost::retryable(code_); }

 private:
  std::error_code code_;
};

// A view of raw bytes, for keys and header values.
inline std::string_view bytes(std::span<const std::byte> view) {
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}

// `name` must end with a zero byte and outlive the call, as must the value.
inline ringpost_header header(const char* name, std::string_view value) {
  return {name, value.data() != nullptr ? value.data() : "", value.size()};
}
inline ringpost_header null_header(const char* name) { return {name, nullptr, 0}; }

struct Event {
  std::string_view instance;
  std::string_view topic;
  std::string_view message;
  std::optional<std::string_view> key = std::nullopt;  // nullopt: no key; an empty key is a key
  std::span<const ringpost_header> headers = {};
};

using Info = ringpost_info;

namespace detail {

// A name as the C ABI wants it. One that is too long, or has a zero byte inside, stays no name.
template <std::size_t N>
class Name {
 public:
  explicit Name(std::string_view text) {
    const std::size_t size = text.copy(text_.data(), N + 1);
    for (std::size_t at = 0; at < size; ++at) {
      if (text_[at] == '\0') text_[at] = '?';
    }
  }
  const char* c_str() const { return text_.data(); }

 private:
  std::array<char, N + 2> text_{};
};

class EventOfC {
 public:
  explicit EventOfC(const Event& event) : instance_(event.instance), topic_(event.topic) {
    event_.instance = instance_.c_str();
    event_.topic = topic_.c_str();
    event_.message = event.message.data() != nullptr ? event.message.data() : "";
    event_.message_size = event.message.size();
    if (event.key) {
      event_.key = event.key->data() != nullptr ? event.key->data() : "";
      event_.key_size = event.key->size();
    }
    event_.headers = event.headers.data();
    event_.header_count = event.headers.size();
  }
  EventOfC(const EventOfC&) = delete;
  EventOfC& operator=(const EventOfC&) = delete;

  ringpost_event& get() { return event_; }

 private:
  Name<64> instance_;
  Name<249> topic_;
  ringpost_event event_{};
};

inline std::error_code error_code(int code) {
  return code == RINGPOST_OK ? std::error_code{} : make_error_code(static_cast<Error>(code));
}

inline void check(std::error_code code) {
  if (code) throw PublishError(code);
}

}  // namespace detail

// Room for one message in shared memory; aborts what was not committed. For one thread, and not for long.
class Reservation {
 public:
  Reservation() = default;
  ~Reservation() { ringpost_abort(post_, &reservation_); }
  Reservation(Reservation&& other) noexcept
      : post_(other.post_), reservation_(std::exchange(other.reservation_, ringpost_reservation{})) {}
  Reservation& operator=(Reservation&& other) noexcept {
    if (this != &other) {
      ringpost_abort(post_, &reservation_);
      post_ = other.post_;
      reservation_ = std::exchange(other.reservation_, ringpost_reservation{});
    }
    return *this;
  }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  std::span<char> text() const { return {reservation_.text, reservation_.capacity}; }

  std::error_code try_commit(std::size_t message_size, unsigned flags = 0) noexcept {
    return detail::error_code(ringpost_commit(post_, &reservation_, message_size, flags));
  }
  void commit(std::size_t message_size, unsigned flags = 0) {
    detail::check(try_commit(message_size, flags));
  }

 private:
  friend class Client;
  ringpost_handle* post_ = nullptr;
  ringpost_reservation reservation_{};
};

struct Options {
  const char* socket_path = nullptr;
  const char* client_name = nullptr;
  int connect_timeout_ms = 0;
};

class Client {
 public:
  // Without a handle: every call is INVALID_ARGUMENT until open() has succeeded.
  explicit Client(std::nullptr_t) {}
  explicit Client(const Options& options = {}) { detail::check(open(options)); }
  ~Client() { ringpost_close(post_); }
  Client(Client&& other) noexcept : post_(std::exchange(other.post_, nullptr)) {}
  Client& operator=(Client&& other) noexcept {
    std::swap(post_, other.post_);
    return *this;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Closes what was open before.
  std::error_code open(const Options& options = {}) noexcept {
    close();
    const ringpost_options c_options{options.socket_path, options.client_name, options.connect_timeout_ms,
                                     sizeof c_options};
    return detail::error_code(ringpost_open(&c_options, &post_));
  }
  void close() noexcept { ringpost_close(std::exchange(post_, nullptr)); }

  std::error_code try_publish(const Event& event, unsigned flags = 0) noexcept {
    detail::EventOfC c_event(event);
    return detail::error_code(ringpost_publish_flagged(post_, &c_event.get(), flags));
  }
  void publish(const Event& event, unsigned flags = 0) { detail::check(try_publish(event, flags)); }

  // event.message must be empty; the text is written into out.text().
  std::error_code try_reserve(const Event& event, std::size_t message_size_max, Reservation& out) noexcept {
    detail::EventOfC c_event(event);
    c_event.get().message = event.message.empty() ? nullptr : event.message.data();
    c_event.get().message_size = message_size_max;
    out = Reservation();
    out.post_ = post_;
    return detail::error_code(ringpost_reserve(post_, &c_event.get(), &out.reservation_));
  }
  Reservation reserve(const Event& event, std::size_t message_size_max) {
    Reservation reservation;
    detail::check(try_reserve(event, message_size_max, reservation));
    return reservation;
  }

  std::error_code try_info(std::string_view instance, Info& info) noexcept {
    info.struct_size = sizeof info;
    return detail::error_code(ringpost_instance_info(post_, detail::Name<64>(instance).c_str(), &info));
  }
  Info info(std::string_view instance) {
    Info info{};
    detail::check(try_info(instance, info));
    return info;
  }

  // 0, 1 and so on; nullopt behind the last.
  std::optional<std::string> instance_name(std::size_t index) {
    std::array<char, 65> name{};
    const int code = ringpost_instance_name(post_, index, name.data(), name.size());
    if (code == RINGPOST_UNKNOWN_INSTANCE) return std::nullopt;
    detail::check(detail::error_code(code));
    return name.data();
  }

  ringpost_handle* handle() const { return post_; }

 private:
  ringpost_handle* post_ = nullptr;
};

}  // namespace ringpost
