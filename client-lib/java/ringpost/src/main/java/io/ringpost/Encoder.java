package io.ringpost;

import io.ringpost.script.Refusal;
import java.util.Arrays;

/**
 * Writes an event down for the native library: everything but the message in the form that client-lib/flat_event.hpp reads (the
 * grammar is in client-lib/node/lib/wire.js), and behind it a message that is a String, in UTF-8. One thread at a time; used
 * again and again, so that a publish leaves no garbage.
 */
final class Encoder {
  private static final int KEPT_BYTES = 64 * 1024;
  /** Up to here a message that is a byte[] is copied, so that all leaves Java's heap at once. */
  private static final int COPIED_BYTES = 1024;
  /** Up to here a text gets the room of its bound; for longer ones the bytes are counted first. */
  private static final int BOUND_UNITS = 2048;
  private static final int BYTES_PER_UNIT_MAX = 3;
  private static final int ESCAPE_BYTES = 6;
  private static final int SIZE_BYTES_MAX = 5;
  /** A text of so many units has a size of one byte, whatever is in it. */
  private static final int SHORT_UNITS = 127 / BYTES_PER_UNIT_MAX;
  private static final int ARRAY_MAX = Integer.MAX_VALUE - 16;
  private static final byte NULL = 0;
  private static final byte TEXT = 1;
  private static final byte BYTES = 2;

  /** What becomes of a surrogate without the other one, which UTF-8 can't say. */
  private enum Lone {
    REFUSED,
    /** In a name whose form is checked later, and which is refused then. */
    REPLACED,
    /** In JSON. */
    ESCAPED
  }

  byte[] bytes = new byte[1024];
  /** Of the event but for its message, which is bytes[0..eventEnd). */
  int eventEnd;
  /** Where the message's text is: in `bytes`, or the caller's array. */
  byte[] text;
  int textBegin;
  int textEnd;
  /** For the native library, which says there why a call failed. */
  final byte[][] why = new byte[1][];

  private final char[] units = new char[512];

  /** Whose names are bytes[0..namesEnd): they lie there still when the next event has the same. */
  private String kafkaId;
  private String topic;
  private int namesEnd;

  /** Throws where the event does not fit; what needs the daemon to know is not looked at. */
  void write(Event event) {
    if (event == null) throw Refusal.of(null, null, ErrorCode.INVALID_ARGUMENT, "the event is null", null);
    try {
      int at = putNames(event);
      if (event.message == null) throw new Unfit("the message is null; for a JSON null pass the text null");
      at = putValue(at, event.key, null);
      for (int index = 0; index < event.headerNames.size(); ++index) {
        at = putHeader(at, event.headerNames.get(index), event.headerValues.get(index));
      }
      eventEnd = at;
      putMessage(event.message);
    } catch (Unfit unfit) {
      throw Refusal.of(event.kafkaId, event.topic, ErrorCode.INVALID_ARGUMENT, unfit.getMessage(), null);
    } catch (Oversized oversized) {
      throw Refusal.of(event.kafkaId, event.topic, ErrorCode.MESSAGE_TOO_LARGE, "no array of Java's holds it", null);
    }
  }

  /** What one call needed is not kept. */
  void forget() {
    text = null;
    why[0] = null;
    if (bytes.length <= KEPT_BYTES) return;
    bytes = new byte[1024];
    kafkaId = null;
  }

  private int putNames(Event event) throws Unfit, Oversized {
    if (kafkaId != null && kafkaId.equals(event.kafkaId) && topic.equals(event.topic)) return namesEnd;
    kafkaId = null;
    int end = putName(putName(0, event.kafkaId, "the instance's name"), event.topic, "the topic");
    kafkaId = event.kafkaId;
    topic = event.topic;
    namesEnd = end;
    return end;
  }

  private int putName(int at, String name, String what) throws Unfit, Oversized {
    if (name == null) throw new Unfit(what + " is null; it must be a string");
    return end(putSized(at, name, Lone.REPLACED, null));
  }

  private int putHeader(int at, String name, Object value) throws Unfit, Oversized {
    if (name == null) throw new Unfit("the name of a header is null; it must be a string");
    if (name.indexOf('\0') >= 0) {
      throw new Unfit("the name of the header " + Refusal.quoted(name) + " has a zero character");
    }
    return putValue(end(putSized(at, name, Lone.REFUSED, name)), value, name);
  }

  private int end(int at) throws Oversized {
    makeRoom(at, 1);
    bytes[at] = 0;
    return at + 1;
  }

  /** `header`: whose value it is; null: the key. */
  private int putValue(int at, Object value, String header) throws Unfit, Oversized {
    makeRoom(at, 1);
    if (value == null) {
      bytes[at] = NULL;
      return at + 1;
    }
    if (value instanceof byte[] given) {
      bytes[at] = BYTES;
      int begin = putSize(at + 1, given.length);
      makeRoom(begin, given.length);
      System.arraycopy(given, 0, bytes, begin, given.length);
      return begin + given.length;
    }
    bytes[at] = TEXT;
    int end = putUtf8Sized(at + 1, (String) value, Lone.REFUSED);
    if (end < 0) throw broken(header == null ? "the key" : "the header " + Refusal.quoted(header));
    return end;
  }

  private int putSized(int at, String name, Lone lone, String header) throws Unfit, Oversized {
    int end = putUtf8Sized(at, name, lone);
    if (end < 0) throw broken("the name of the header " + Refusal.quoted(header));
    return end;
  }

  private static Unfit broken(String what) {
    return new Unfit(what + " has a lone surrogate, which UTF-8 can't say");
  }

  private int putSize(int at, int size) throws Oversized {
    makeRoom(at, SIZE_BYTES_MAX);
    int left = size;
    int to = at;
    for (; left > 0x7f; left >>>= 7) bytes[to++] = (byte) (left & 0x7f | 0x80);
    bytes[to] = (byte) left;
    return to + 1;
  }

  /** -1: refused. */
  private int putUtf8Sized(int at, String value, Lone lone) throws Oversized {
    if (value.length() <= SHORT_UNITS) {
      makeRoom(at, 1 + BYTES_PER_UNIT_MAX * value.length());
      int end = putUtf8(at + 1, value, lone);
      if (end >= 0) bytes[at] = (byte) (end - at - 1);
      return end;
    }
    int begin = at + SIZE_BYTES_MAX;
    makeRoom(begin, roomFor(value));
    int end = putUtf8(begin, value, lone);
    if (end < 0) return end;
    // All five bytes of the size, whatever it is: it is known only now.
    int left = end - begin;
    for (int byteOfSize = 0; byteOfSize < SIZE_BYTES_MAX - 1; ++byteOfSize, left >>>= 7) {
      bytes[at + byteOfSize] = (byte) (left & 0x7f | 0x80);
    }
    bytes[begin - 1] = (byte) left;
    return end;
  }

  private void putMessage(Object message) throws Oversized {
    if (message instanceof byte[] given) {
      boolean copied = given.length <= COPIED_BYTES;
      if (copied) {
        makeRoom(eventEnd, given.length);
        System.arraycopy(given, 0, bytes, eventEnd, given.length);
      }
      text = copied ? bytes : given;
      textBegin = copied ? eventEnd : 0;
      textEnd = textBegin + given.length;
      return;
    }
    String json = (String) message;
    makeRoom(eventEnd, roomFor(json));
    textBegin = eventEnd;
    textEnd = putUtf8(eventEnd, json, Lone.ESCAPED);
    text = bytes;
  }

  /** Enough also where every surrogate is escaped. */
  private static int roomFor(String value) throws Oversized {
    if (value.length() <= BOUND_UNITS) return ESCAPE_BYTES * value.length();
    long size = 0;
    for (int at = 0; at < value.length(); ++at) {
      char unit = value.charAt(at);
      size += unit < 0x80 ? 1 : unit < 0x800 ? 2 : Character.isSurrogate(unit) ? ESCAPE_BYTES : BYTES_PER_UNIT_MAX;
    }
    if (size > ARRAY_MAX) throw new Oversized();
    return (int) size;
  }

  private void makeRoom(int at, int size) throws Oversized {
    long needed = (long) at + size;
    if (needed <= bytes.length) return;
    if (needed > ARRAY_MAX) throw new Oversized();
    bytes = Arrays.copyOf(bytes, (int) Math.min(ARRAY_MAX, needed + needed / 2));
  }

  /** There is room for it. Where it ends; -1: it has a lone surrogate that is refused. */
  private int putUtf8(int begin, String value, Lone lone) {
    int length = value.length();
    if (length <= SHORT_UNITS && putShortAscii(value, length, bytes, begin)) return begin + length;
    int to = begin;
    for (int from = 0; from < length; ) {
      int count = Math.min(units.length, length - from);
      // Not in the middle of a pair.
      if (from + count < length && Character.isHighSurrogate(value.charAt(from + count - 1)) && count > 1) --count;
      value.getChars(from, from + count, units, 0);
      from += count;
      to = putUnits(to, count, lone);
      if (to < 0) return to;
    }
    return to;
  }

  /** False: it is not ASCII, and what was written is of no use. Without the detour over `units`, and without a way out of the loop. */
  private static boolean putShortAscii(String from, int length, byte[] to, int begin) {
    int seen = 0;
    for (int at = 0; at < length; ++at) {
      char unit = from.charAt(at);
      seen |= unit;
      to[begin + at] = (byte) unit;
    }
    return seen < 0x80;
  }

  /** units[0..count). */
  private int putUnits(int begin, int count, Lone lone) {
    int ascii = putAscii(units, count, bytes, begin);
    return ascii == count ? begin + count : putOthers(begin + ascii, ascii, count, lone);
  }

  /** What most texts are, in a loop of its own: a fifth of the time. How many units at the beginning are ASCII. */
  private static int putAscii(char[] from, int count, byte[] to, int begin) {
    for (int at = 0; at < count; ++at) {
      char unit = from[at];
      if (unit >= 0x80) return at;
      to[begin + at] = (byte) unit;
    }
    return count;
  }

  private int putOthers(int begin, int first, int count, Lone lone) {
    byte[] out = bytes;
    int to = begin;
    for (int at = first; at < count; ++at) {
      char unit = units[at];
      if (unit < 0x80) {
        out[to++] = (byte) unit;
      } else if (unit < 0x800) {
        out[to++] = (byte) (0xc0 | unit >> 6);
        out[to++] = (byte) (0x80 | unit & 0x3f);
      } else if (!Character.isSurrogate(unit)) {
        out[to++] = (byte) (0xe0 | unit >> 12);
        out[to++] = (byte) (0x80 | unit >> 6 & 0x3f);
        out[to++] = (byte) (0x80 | unit & 0x3f);
      } else if (at + 1 < count && Character.isSurrogatePair(unit, units[at + 1])) {
        to = putCodePoint(out, to, Character.toCodePoint(unit, units[++at]));
      } else if (lone == Lone.REFUSED) {
        return -1;
      } else if (lone == Lone.REPLACED) {
        out[to++] = '?';
      } else {
        to = putEscape(out, to, unit);
      }
    }
    return to;
  }

  private static int putCodePoint(byte[] out, int at, int codePoint) {
    out[at] = (byte) (0xf0 | codePoint >> 18);
    out[at + 1] = (byte) (0x80 | codePoint >> 12 & 0x3f);
    out[at + 2] = (byte) (0x80 | codePoint >> 6 & 0x3f);
    out[at + 3] = (byte) (0x80 | codePoint & 0x3f);
    return at + 4;
  }

  private static int putEscape(byte[] out, int at, char unit) {
    out[at] = '\\';
    out[at + 1] = 'u';
    for (int digit = 0; digit < 4; ++digit) {
      out[at + 2 + digit] = (byte) Character.forDigit(unit >> 4 * (3 - digit) & 0xf, 16);
    }
    return at + ESCAPE_BYTES;
  }

  /** What is wrong with an argument. */
  private static final class Unfit extends Exception {
    private static final long serialVersionUID = 1;

    Unfit(String what) {
      super(what, null, false, false);
    }
  }

  /** More than an array of Java's may have. */
  private static final class Oversized extends Exception {
    private static final long serialVersionUID = 1;

    Oversized() {
      super(null, null, false, false);
    }
  }
}
