#include "client-lib/java/jni/publish.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <span>

#include "client-lib/flat_event.hpp"
#include "client-lib/java/jni/handles.hpp"
#include "client-lib/ringpost.hpp"

namespace ringpost::java {
namespace {

// Names, key and headers of nearly every event, and of most with their text; larger ones are copied to memory that is made for
// them.
constexpr std::size_t kUsualBytes = 2048;

bool is_within(JNIEnv* env, const Part& part) {
  if (part.array == nullptr || part.begin < 0 || part.size < 0) return false;
  const jsize length = env->GetArrayLength(part.array);
  return part.begin <= length && part.size <= length - part.begin;
}

void copy(JNIEnv* env, const Part& part, char* to) {
  env->GetByteArrayRegion(part.array, part.begin, part.size, reinterpret_cast<jbyte*>(to));
}

// The reservation holds a lane, and the copy may wait for a collection of garbage: others take other lanes.
int publish_in_place(JNIEnv* env, ringpost_handle* post, ringpost_event& event, const Part& text,
                     unsigned flags) {
  event.message_size = static_cast<std::size_t>(text.size);
  ringpost_reservation reservation;
  const int code = ringpost_reserve(post, &event, &reservation);
  if (code != RINGPOST_OK) return code;
  if (event.message_size <= reservation.capacity) copy(env, text, reservation.text);
  return ringpost_commit(post, &reservation, event.message_size, flags);  // refuses what is larger, unread
}

int publish_flat(JNIEnv* env, ringpost_handle* post, std::span<char> flat, const Part& text, unsigned flags) {
  FlatEvent event;
  if (!read_flat_event(flat, event)) return kMalformed;
  return publish_in_place(env, post, event.event, text, flags);
}

// `bytes` are both, the event at their beginning and the text at their end: copied at once, and before there is a lane to hold.
int publish_copied(JNIEnv* env, ringpost_handle* post, const Part& bytes, std::size_t event_size,
                   std::size_t text_begin, unsigned flags) {
  std::array<char, kUsualBytes> copied;
  copy(env, bytes, copied.data());
  FlatEvent event;
  if (!read_flat_event({copied.data(), event_size}, event)) return kMalformed;
  event.event.message = copied.data() + text_begin;
  event.event.message_size = static_cast<std::size_t>(bytes.size) - text_begin;
  return ringpost_publish_flagged(post, &event.event, flags);
}

int publish_apart(JNIEnv* env, ringpost_handle* post, const Part& event, const Part& text, unsigned flags) {
  if (!is_within(env, event) || !is_within(env, text)) return kMalformed;
  const auto size = static_cast<std::size_t>(event.size);
  if (size <= kUsualBytes) {
    std::array<char, kUsualBytes> flat;
    copy(env, event, flat.data());
    return publish_flat(env, post, {flat.data(), size}, text, flags);
  }
  const std::unique_ptr<char[]> flat(new (std::nothrow) char[size]);
  if (flat == nullptr) {
    env->ThrowNew(env->FindClass("java/lang/OutOfMemoryError"),
                  "publishAsync: no memory for key and headers");
    return kMalformed;
  }
  copy(env, event, flat.get());
  return publish_flat(env, post, {flat.get(), size}, text, flags);
}

bool is_usual(const Part& event, const Part& text) {
  return event.size >= 0 && text.size >= 0 && text.begin >= event.size &&
         std::int64_t{text.begin} + text.size <= std::int64_t{kUsualBytes};
}

}  // namespace

int publish(JNIEnv* env, std::int64_t handle, const Part& event, const Part& text, jint flags) {
  const Use use(handle);
  if (!use) return kClosed;
  const auto of_the_library = static_cast<unsigned>(flags);
  if (text.array != nullptr) return publish_apart(env, use.post(), event, text, of_the_library);
  if (!is_usual(event, text)) {
    return publish_apart(env, use.post(), event, {event.array, text.begin, text.size}, of_the_library);
  }
  const Part both{event.array, 0, text.begin + text.size};
  if (!is_within(env, both)) return kMalformed;
  return publish_copied(env, use.post(), both, static_cast<std::size_t>(event.size),
                        static_cast<std::size_t>(text.begin), of_the_library);
}

}  // namespace ringpost::java
