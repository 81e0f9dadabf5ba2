package io.ringpost;

import java.util.BitSet;

/**
 * Whether bytes are one JSON text: the grammar of RFC 8259 in valid UTF-8, at most 1024 levels deep. client-lib/json_check.cpp in
 * Java, for {@link Recording}: the same faults, in the same words, at the same bytes.
 */
final class JsonCheck {
  private static final int DEPTH_MAX = 1024;

  private final byte[] text;
  private final int begin;
  private final int end;
  private int at;
  private String fault;
  private final BitSet objects = new BitSet();
  private int depth;

  JsonCheck(byte[] text, int begin, int end) {
    this.text = text;
    this.begin = begin;
    this.end = end;
    this.at = begin;
  }

  boolean isJson() {
    boolean grammatical = walk();
    int broken = firstInvalidUtf8();
    if (broken == end) return grammatical;
    // Two things may be wrong: the first of them is reported.
    if (!grammatical && at < broken) return false;
    at = broken;
    return refuse("invalid UTF-8");
  }

  /** Of the first byte that is wrong. */
  int offset() {
    return at - begin;
  }

  String fault() {
    return fault;
  }

  private boolean walk() {
    skipSpace();
    if (at == end) return refuse("there is no value");
    for (;;) {
      if (!enterValue()) return false;
      do {
        skipSpace();
        if (depth == 0) return at == end || refuseHere("something after the value");
      } while (closeContainer());
      if (!take(',')) return refuseHere("an unexpected character");
      if (objects.get(depth) && !takeName()) return false;
    }
  }

  /** Up to behind a scalar, or an empty container; containers on the way to it are opened. */
  private boolean enterValue() {
    for (;;) {
      skipSpace();
      if (at == end) return refuse("the text ends inside the value");
      if (text[at] != '{' && text[at] != '[') return takeScalar();
      if (depth == DEPTH_MAX) return refuse("nested too deeply");
      boolean object = text[at++] == '{';
      objects.set(++depth, object);
      skipSpace();
      if (closeContainer()) return true;
      if (object && !takeName()) return false;
    }
  }

  private boolean closeContainer() {
    if (depth == 0 || !take(objects.get(depth) ? '}' : ']')) return false;
    --depth;
    return true;
  }

  private boolean takeName() {
    skipSpace();
    if (!take('"')) return refuseHere("an unexpected character");
    if (!takeString()) return false;
    skipSpace();
    return take(':') || refuseHere("an unexpected character");
  }

  private boolean takeScalar() {
    return switch (text[at]) {
      case '"' -> {
        ++at;
        yield takeString();
      }
      case 't' -> takeLiteral("true");
      case 'f' -> takeLiteral("false");
      case 'n' -> takeLiteral("null");
      default -> isDigit() || text[at] == '-' ? takeNumber() : refuseHere("an unexpected character");
    };
  }

  private boolean takeString() {
    for (;;) {
      while (at != end && text[at] != '"' && text[at] != '\\' && (text[at] & 0xff) >= 0x20) ++at;
      if (take('"')) return true;
      if (!take('\\')) return refuseHere("a control character inside a string");
      if (!takeEscape()) return false;
    }
  }

  private boolean takeEscape() {
    if (at == end) return refuse("the text ends inside the value");
    if (!take('u')) {
      if ("\"\\/bfnrt".indexOf(text[at]) < 0) return refuseHere("not an escape sequence");
      ++at;
      return true;
    }
    for (int digit = 0; digit < 4; ++digit, ++at) {
      if (at == end || Character.digit(text[at], 16) < 0) return refuseHere("not an escape sequence");
    }
    return true;
  }

  private boolean takeLiteral(String literal) {
    for (int index = 0; index < literal.length(); ++index) {
      if (!take(literal.charAt(index))) return refuseHere("neither true, false nor null");
    }
    return true;
  }

  private boolean takeNumber() {
    take('-');
    if (take('0')) {
      if (isDigit()) return refuse("not a number");
    } else if (!takeDigits()) {
      return false;
    }
    if (take('.') && !takeDigits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return takeDigits();
  }

  private boolean takeDigits() {
    if (!isDigit()) return refuseHere("not a number");
    while (isDigit()) ++at;
    return true;
  }

  private boolean isDigit() {
    return at != end && text[at] >= '0' && text[at] <= '9';
  }

  private void skipSpace() {
    while (at != end && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t')) ++at;
  }

  private boolean take(char wanted) {
    if (at == end || text[at] != wanted) return false;
    ++at;
    return true;
  }

  private boolean refuse(String what) {
    fault = what;
    return false;
  }

  /** The same, but what stands here may have a better name. */
  private boolean refuseHere(String what) {
    if (at == end) return refuse("the text ends inside the value");
    if (text[at] == 0) return refuse("a zero byte");
    boolean mark = at == begin && end - at >= 3 && text[at] == (byte) 0xef && text[at + 1] == (byte) 0xbb && text[at + 2] == (byte) 0xbf;
    return refuse(mark ? "a byte-order mark" : what);
  }

  private int firstInvalidUtf8() {
    int from = begin;
    while (from != end) {
      int size = sequenceBytes(from);
      if (size == 0) return from;
      from += size;
    }
    return end;
  }

  /** How many bytes the well-formed sequence has (Unicode, table 3-7); 0 where there is none. */
  private int sequenceBytes(int from) {
    int lead = text[from] & 0xff;
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    int size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (end - from < size) return 0;
    int second = text[from + 1] & 0xff;
    int secondMin = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    int secondMax = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < secondMin || second > secondMax) return 0;
    for (int next = 2; next < size; ++next) {
      if ((text[from + next] & 0xc0) != 0x80) return 0;
    }
    return size;
  }
}
