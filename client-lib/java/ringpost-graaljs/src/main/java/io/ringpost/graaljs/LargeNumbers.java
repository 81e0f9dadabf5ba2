package io.ringpost.graaljs;

/**
 * Tells the texts in which a number beyond 2^53 may stand: the engine writes it down as JavaScript's, even where it is a Long of the
 * host's that JavaScript has no number for. Such messages are serialised again, with a look at each number; all others need none.
 */
final class LargeNumbers {
  /** So many digits in a row at the least. */
  private static final int DIGITS = 16;

  private LargeNumbers() {}

  static boolean mayBeIn(String json) {
    boolean isPossible = json.contains("e+") || hasManyDigits(json);
    return isPossible && isInANumber(json);
  }

  /** A row of so many digits has one at each so many places. */
  private static boolean hasManyDigits(String json) {
    for (int at = DIGITS - 1; at < json.length(); at += DIGITS) {
      if (!isDigit(json.charAt(at))) continue;
      int begin = at;
      int end = at + 1;
      while (begin > 0 && isDigit(json.charAt(begin - 1))) --begin;
      while (end < json.length() && isDigit(json.charAt(end))) ++end;
      if (end - begin >= DIGITS) return true;
    }
    return false;
  }

  /** Outside of the strings. */
  private static boolean isInANumber(String json) {
    int digits = 0;
    for (int at = 0; at < json.length(); ++at) {
      char unit = json.charAt(at);
      if (unit == '"') {
        for (++at; json.charAt(at) != '"'; ++at) if (json.charAt(at) == '\\') ++at;
        digits = 0;
      } else {
        digits = isDigit(unit) ? digits + 1 : 0;
        if (digits == DIGITS || unit == 'e' && json.charAt(at + 1) == '+') return true;
      }
    }
    return false;
  }

  private static boolean isDigit(char unit) {
    return unit >= '0' && unit <= '9';
  }
}
