package io.ringpost;

/**
 * libringpost_jni.so: what client-lib/java/jni/library.cpp defines. It trusts nothing that comes in, and keeps no reference to
 * anything of Java's.
 */
final class NativeLibrary {
  static final int OK = 0;
  /** Beside the negative codes of ringpost.h: there is no such handle, or no longer. */
  static final int CLOSED = 1;
  /** The event is not what Encoder writes, or a size is beyond its array. */
  static final int MALFORMED = 2;
  static final int JSON_CHECKED = 1;
  /** Changes with each change of what is declared here. */
  static final int CONTRACT = 2;

  private static boolean loaded;

  private NativeLibrary() {}

  /** Once for each class loader; a failure is tried again by the next call. */
  static synchronized void load() {
    if (loaded) return;
    new LibrarySearch(NativeLibrary::check).load();
    loaded = true;
  }

  /** What System.load loaded may be another release's. */
  private static void check() {
    int found = contract();
    if (found != CONTRACT) throw new UnsatisfiedLinkError("it is of another release (contract " + found + ", not " + CONTRACT + ")");
  }

  static native int contract();

  /** The number of a handle; negative: a code, and why[0] says more; 0: too many are open. */
  static native long open(byte[] socketPath, byte[] clientName, int timeoutMs, byte[][] why);

  /**
   * event[0..eventSize) is what {@link Encoder} wrote, text[textBegin..+textSize) the message; where `text` is null, it is in `event`.
   * Negative: why[0] says more.
   */
  static native int publish(long handle, byte[] event, int eventSize, byte[] text, int textBegin, int textSize, int flags,
      byte[][] why);

  /** Null: behind the last. */
  static native byte[] instanceName(long handle, int index);

  static native int instanceInfo(long handle, byte[] name, long[] figures);

  /** Waits for the calls that are inside. False: it was closed before. */
  static native boolean close(long handle);
}
