// What io.ringpost.NativeLibrary declares. Nothing that comes in is trusted: a null, a size beyond its array or a number that is
// no handle is refused, and crashes nothing. No reference to anything of Java's is kept, so that its class loader can go.
#include <jni.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "client-lib/java/jni/handles.hpp"
#include "client-lib/java/jni/publish.hpp"
#include "client-lib/ringpost.hpp"

namespace ringpost::java {
namespace {

// Changes with each change of what NativeLibrary declares.
constexpr jint kContract = 2;

// nullptr: NULL, or no memory for it, which Java then throws.
jbyteArray to_bytes(JNIEnv* env, const char* text) {
  const auto size = static_cast<jsize>(std::strlen(text));
  jbyteArray bytes = env->NewByteArray(size);
  if (bytes != nullptr) env->SetByteArrayRegion(bytes, 0, size, reinterpret_cast<const jbyte*>(text));
  return bytes;
}

std::optional<std::string> text_of(JNIEnv* env, jbyteArray bytes) {
  if (bytes == nullptr) return std::nullopt;
  std::string text(static_cast<std::size_t>(env->GetArrayLength(bytes)), '\0');
  env->GetByteArrayRegion(bytes, 0, static_cast<jsize>(text.size()), reinterpret_cast<jbyte*>(text.data()));
  return text;
}

// why[0] = what the library says of its last failure in this thread.
void explain(JNIEnv* env, jobjectArray why) {
  if (why == nullptr || env->GetArrayLength(why) == 0) return;
  jbyteArray text = to_bytes(env, ringpost_last_error_message());
  if (text != nullptr) env->SetObjectArrayElement(why, 0, text);
}

// A number of a handle, or a code; 0: too many.
jlong open(JNIEnv* env, jbyteArray socket_path, jbyteArray client_name, jint timeout_ms, jobjectArray why) {
  const std::optional<std::string> path = text_of(env, socket_path);
  const std::optional<std::string> name = text_of(env, client_name);
  const ringpost_options options{path ? path->c_str() : nullptr, name ? name->c_str() : nullptr, timeout_ms,
                                 sizeof options};
  ringpost_handle* post = nullptr;
  const int code = ringpost_open(&options, &post);
  if (code != RINGPOST_OK) {
    explain(env, why);
    return code;
  }
  const std::int64_t number = keep_handle(post);
  if (number == 0) ringpost_close(post);
  return number;
}

jint instance_info(JNIEnv* env, jlong number, jbyteArray name, jlongArray figures) {
  const Use use(number);
  const std::optional<std::string> text = text_of(env, name);
  if (!use || !text || figures == nullptr) return kClosed;
  ringpost_info info{};
  info.struct_size = sizeof info;
  const int code = ringpost_instance_info(use.post(), text->c_str(), &info);
  if (code != RINGPOST_OK) return code;
  const std::array<jlong, 11> found{info.accepting,
                                    info.connected,
                                    info.disconnected_ms,
                                    static_cast<jlong>(info.waiting_events),
                                    static_cast<jlong>(info.buffer_used_bytes),
                                    static_cast<jlong>(info.buffer_bytes),
                                    static_cast<jlong>(info.max_event_bytes),
                                    static_cast<jlong>(info.room_bytes),
                                    static_cast<jlong>(info.largest_room_bytes),
                                    info.lanes,
                                    info.lanes_max};
  if (env->GetArrayLength(figures) < static_cast<jsize>(found.size())) return kMalformed;
  env->SetLongArrayRegion(figures, 0, static_cast<jsize>(found.size()), found.data());
  return RINGPOST_OK;
}

jbyteArray instance_name(JNIEnv* env, jlong number, jint index) {
  const Use use(number);
  std::array<char, 65> name{};
  if (!use || index < 0) return nullptr;
  const int code =
      ringpost_instance_name(use.post(), static_cast<std::size_t>(index), name.data(), name.size());
  return code == RINGPOST_OK ? to_bytes(env, name.data()) : nullptr;
}

}  // namespace
}  // namespace ringpost::java

extern "C" {

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM* /*vm*/, void* /*reserved*/) { return JNI_VERSION_10; }

// The class loader is gone: what its code has not closed nobody else can, and the control threads' code goes away.
JNIEXPORT void JNICALL JNI_OnUnload(JavaVM* /*vm*/, void* /*reserved*/) {
  ringpost::java::close_all_handles();
}

JNIEXPORT jint JNICALL Java_io_ringpost_NativeLibrary_contract(JNIEnv* /*env*/, jclass /*type*/) {
  return ringpost::java::kContract;
}

JNIEXPORT jlong JNICALL Java_io_ringpost_NativeLibrary_open(JNIEnv* env, jclass /*type*/,
                                                            jbyteArray socket_path, jbyteArray client_name,
                                                            jint timeout_ms, jobjectArray why) {
  return ringpost::java::open(env, socket_path, client_name, timeout_ms, why);
}

JNIEXPORT jint JNICALL Java_io_ringpost_NativeLibrary_publish(JNIEnv* env, jclass /*type*/, jlong number,
                                                              jbyteArray event, jint event_size,
                                                              jbyteArray text, jint text_begin,
                                                              jint text_size, jint flags, jobjectArray why) {
  const int code =
      ringpost::java::publish(env, number, {event, 0, event_size}, {text, text_begin, text_size}, flags);
  if (code < RINGPOST_OK) ringpost::java::explain(env, why);
  return code;
}

JNIEXPORT jbyteArray JNICALL Java_io_ringpost_NativeLibrary_instanceName(JNIEnv* env, jclass /*type*/,
                                                                         jlong number, jint index) {
  return ringpost::java::instance_name(env, number, index);
}

JNIEXPORT jint JNICALL Java_io_ringpost_NativeLibrary_instanceInfo(JNIEnv* env, jclass /*type*/, jlong number,
                                                                   jbyteArray name, jlongArray figures) {
  return ringpost::java::instance_info(env, number, name, figures);
}

JNIEXPORT jboolean JNICALL Java_io_ringpost_NativeLibrary_close(JNIEnv* /*env*/, jclass /*type*/,
                                                                jlong number) {
  return ringpost::java::close_handle(number) ? JNI_TRUE : JNI_FALSE;
}

}  // extern "C"
