// One call: an event's bytes out of Java's heap, its text straight into the lane.
#pragma once

#include <jni.h>

#include <cstdint>

namespace ringpost::java {

// Beside the codes of ringpost.h, which are negative.
inline constexpr int kClosed = 1;
inline constexpr int kMalformed = 2;  // not what Encoder writes: nothing of Ringpost's calls so

// `size` bytes of an array; untrusted.
struct Part {
  jbyteArray array;
  jint begin;
  jint size;
};

// `event`: what flat_event.hpp reads. `text`: without an array it is a part of the event's. RINGPOST_OK, a code of ringpost.h, kClosed or kMalformed.
int publish(JNIEnv* env, std::int64_t handle, const Part& event, const Part& text, jint flags);

}  // namespace ringpost::java
