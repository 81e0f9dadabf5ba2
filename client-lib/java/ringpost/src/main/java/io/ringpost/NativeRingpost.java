package io.ringpost;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The handle on the daemon, over the native library. The library counts the calls that are inside, and close() waits for these. */
final class NativeRingpost extends Ringpost {
  private static final int FIGURES = 11;
  private static final int DENIED = -(1 + ErrorCode.DENIED.ordinal());

  private final long handle;
  private final EncoderPool encoders = new EncoderPool();

  private NativeRingpost(long handle) {
    this.handle = handle;
  }

  static Ringpost connect(Options options) {
    try {
      NativeLibrary.load();
    } catch (UnsatisfiedLinkError error) {
      throw PublishException.of(ErrorCode.DAEMON_UNAVAILABLE, "open: " + error.getMessage(), error);
    }
    byte[][] why = new byte[1][];
    long handle = NativeLibrary.open(utf8(options.socketPath), utf8(options.clientName), options.timeoutMs, why);
    if (handle > 0) return new NativeRingpost(handle);
    if (handle < 0) throw PublishException.of(ErrorCode.of((int) handle), text(why[0]), null);
    throw PublishException.of(ErrorCode.DAEMON_UNAVAILABLE,
        "open: too many handles are open in this process; keep one, or close them", null);
  }

  @Override
  public void publish(Event event) {
    int place = EncoderPool.placeOfThread();
    Encoder encoder = encoders.take(place);
    try {
      encoder.write(event);
      byte[] textApart = encoder.text == encoder.bytes ? null : encoder.text;
      int code = NativeLibrary.publish(handle, encoder.bytes, encoder.eventEnd, textApart, encoder.textBegin,
          encoder.textEnd - encoder.textBegin, event.checked ? NativeLibrary.JSON_CHECKED : 0, encoder.why);
      if (code != NativeLibrary.OK) throw failure(event, code, encoder.why[0]);
    } finally {
      encoders.giveBack(place, encoder);
    }
  }

  private static RuntimeException failure(Event event, int code, byte[] why) {
    if (code < 0) return PublishException.of(ErrorCode.of(code), text(why), null);
    return code == NativeLibrary.CLOSED ? closed(event) : new IllegalStateException("the native library reads no such event");
  }

  @Override
  public List<InstanceState> instances() {
    List<InstanceState> found = new ArrayList<>();
    for (int index = 0; ; ++index) {
      byte[] name = NativeLibrary.instanceName(handle, index);
      if (name == null) return found;
      long[] figures = new long[FIGURES];
      int code = NativeLibrary.instanceInfo(handle, name, figures);
      if (code == NativeLibrary.OK) found.add(state(text(name), figures));
      if (code == DENIED) found.add(new InstanceState(text(name), Optional.of(ErrorCode.DENIED), false, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    }
  }

  private static InstanceState state(String name, long[] figures) {
    int accepting = (int) figures[0];
    Optional<ErrorCode> refusedWith = accepting < 0 ? Optional.of(ErrorCode.of(accepting)) : Optional.empty();
    return new InstanceState(name, refusedWith, figures[1] != 0, figures[2], figures[3], figures[4], figures[5], figures[6],
        figures[7], figures[8], (int) figures[9], (int) figures[10]);
  }

  @Override
  public void close() {
    NativeLibrary.close(handle);
  }

  private static byte[] utf8(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] utf8) {
    return utf8 == null ? "" : new String(utf8, StandardCharsets.UTF_8);
  }
}
