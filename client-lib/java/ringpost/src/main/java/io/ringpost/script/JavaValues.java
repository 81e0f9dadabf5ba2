package io.ringpost.script;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * What becomes of Java values that a host hands to its scripts, in a message, a key or a header: converted exactly or refused, never an
 * empty object and never a rounded number, and the same in every engine.
 *
 * <table>
 * <caption>In a message</caption>
 * <tr><th>value</th><th>JSON</th></tr>
 * <tr><td>Map (keys String, Number, Enum, UUID), Iterable, array, CharSequence, Character, Boolean, null</td>
 *   <td>object, array, string, boolean, null</td></tr>
 * <tr><td>Byte to Long, Float, Double, BigInteger, BigDecimal</td>
 *   <td>a number, where a JavaScript number says exactly the same decimal value</td></tr>
 * <tr><td>java.util.Date, Calendar, Instant; OffsetDateTime, ZonedDateTime</td>
 *   <td>ISO 8601; the first three in UTC with milliseconds</td></tr>
 * <tr><td>LocalDate, LocalTime, LocalDateTime, Duration, Period, UUID, Enum, URI</td><td>the text</td></tr>
 * <tr><td>a JSON node of Spin (Operaton, Camunda)</td><td>the JSON it holds</td></tr>
 * <tr><td>byte[], Optional, beans, anything else</td><td>refused</td></tr>
 * </table>
 */
public final class JavaValues {
  private static final long SAFE_INTEGER_MAX = (1L << 53) - 1;
  /** A decimal of so many digits, of a usual size, is what its nearest JavaScript number is shown as. */
  private static final int EXACT_DIGITS = 15;
  private static final int DIGITS_MAX = 17;
  private static final int USUAL_EXPONENT = 290;
  private static final DateTimeFormatter UTC_MILLISECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private JavaValues() {}

  /** Why a value has no JSON form, in words that don't show it. */
  public static final class NoJson extends Exception {
    private static final long serialVersionUID = 1;

    NoJson(String why) {
      super(why, null, false, false);
    }
  }

  /**
   * One level of a message: null, a Boolean, a String or a Double as it is in JSON; a {@code Map<String, Object>} or a
   * {@code List<Object>} whose elements are still what the host had.
   */
  public static Object simplify(Object value) throws NoJson {
    if (value == null || value instanceof Boolean) return value;
    if (value instanceof Number number) return javaScriptNumber(number);
    String text = text(value);
    if (text != null) return text;
    if (value instanceof Map<?, ?> map) return object(map);
    if (value instanceof Iterable<?> iterable) return list(iterable);
    if (value.getClass().isArray() && !(value instanceof byte[])) return array(value);
    Class<?> spin = SpinJson.typeOf(value);
    if (spin != null) return ofSpin(value, spin);
    throw new NoJson("a value of " + value.getClass().getTypeName() + " has no JSON form; convert it first");
  }

  private static Object ofSpin(Object node, Class<?> type) throws NoJson {
    try {
      return simplify(SpinJson.valueOf(node, type));
    } catch (ReflectiveOperationException | ClassCastException unknown) {
      throw new NoJson("a value of " + type.getTypeName() + " of a version that is not known; convert it first");
    }
  }

  /** The text of what is one in JSON: of CharSequence, Character, and all dates and names; null for other values. */
  public static String text(Object value) {
    if (value instanceof CharSequence || value instanceof Character) return value.toString();
    if (value instanceof Enum<?> constant) return constant.name();
    if (value instanceof UUID || value instanceof URI) return value.toString();
    if (value instanceof Date date) return isoUtc(date.getTime());
    if (value instanceof Calendar calendar) return isoUtc(calendar.getTimeInMillis());
    if (value instanceof Instant instant) return isoUtc(instant.toEpochMilli());
    if (value instanceof OffsetDateTime time) return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(time);
    if (value instanceof ZonedDateTime time) return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(time);
    boolean isLocal = value instanceof LocalDate || value instanceof LocalTime || value instanceof LocalDateTime;
    return isLocal || value instanceof Duration || value instanceof Period ? value.toString() : null;
  }

  /** As JavaScript's Date.toISOString has it, beyond year 9999 too. */
  public static String isoUtc(long epochMs) {
    Instant instant = Instant.ofEpochMilli(epochMs);
    int year = instant.atOffset(ZoneOffset.UTC).getYear();
    if (year >= 0 && year <= 9999) return UTC_MILLISECONDS.format(instant);
    String text = UTC_MILLISECONDS.format(instant.atOffset(ZoneOffset.UTC).withYear(2000 + Math.floorMod(year, 400)));
    return (year < 0 ? "-" : "+") + String.format("%06d", Math.abs(year)) + text.substring(4);
  }

  /** The decimal text of a whole number, however large; null for another one. */
  public static String wholeNumber(Number number) {
    if (number instanceof Long || number instanceof Integer || number instanceof Short || number instanceof Byte
        || number instanceof BigInteger) {
      return number.toString();
    }
    if (number instanceof BigDecimal decimal) {
      return decimal.signum() == 0 || decimal.stripTrailingZeros().scale() <= 0 ? bounded(decimal) : null;
    }
    double value = number.doubleValue();
    boolean isOurs = number instanceof Double || number instanceof Float;
    return isOurs && value == Math.rint(value) && Math.abs(value) <= SAFE_INTEGER_MAX ? String.valueOf((long) value) : null;
  }

  /** 1e1000000000 is a short value of a long text. */
  private static String bounded(BigDecimal decimal) {
    return (long) decimal.precision() - decimal.scale() <= 1000 ? decimal.toBigInteger().toString() : null;
  }

  private static Double javaScriptNumber(Number number) throws NoJson {
    if (number instanceof Double found) return found;
    if (number instanceof Float found) {
      return found.isNaN() || found.isInfinite() ? found.doubleValue() : exact(new BigDecimal(found.toString()), number);
    }
    if (number instanceof BigDecimal decimal) return exact(decimal, number);
    if (number instanceof BigInteger integer) return exact(new BigDecimal(integer), number);
    if (number instanceof Integer || number instanceof Short || number instanceof Byte) return number.doubleValue();
    if (number instanceof Long found) {
      return found >= -SAFE_INTEGER_MAX && found <= SAFE_INTEGER_MAX ? found.doubleValue() : exact(BigDecimal.valueOf(found), number);
    }
    throw new NoJson("a value of " + number.getClass().getTypeName() + " has no JSON form; convert it first");
  }

  private static Double exact(BigDecimal decimal, Number number) throws NoJson {
    double value = decimal.doubleValue();
    if (!Double.isInfinite(value) && isShownAs(decimal, value)) return value;
    throw new NoJson("a " + number.getClass().getSimpleName() + " that no JavaScript number says exactly; convert it to a string");
  }

  /** Whether the shortest text that JavaScript has for the number has the same decimal value. */
  private static boolean isShownAs(BigDecimal decimal, double value) {
    if (decimal.signum() == 0) return true;
    if (value == 0) return false;
    BigDecimal stripped = decimal.stripTrailingZeros();
    if (stripped.precision() > DIGITS_MAX) return false;
    int exponent = stripped.precision() - stripped.scale();
    if (stripped.precision() <= EXACT_DIGITS && Math.abs(exponent) < USUAL_EXPONENT) return true;
    return stripped.compareTo(shortest(value)) == 0;
  }

  /** With as few digits as tell it from its neighbours. */
  private static BigDecimal shortest(double value) {
    BigDecimal whole = new BigDecimal(value);
    for (int digits = 1; digits < DIGITS_MAX; ++digits) {
      BigDecimal rounded = whole.round(new MathContext(digits));
      if (rounded.doubleValue() == value) return rounded;
    }
    return whole.round(new MathContext(DIGITS_MAX));
  }

  private static Map<String, Object> object(Map<?, ?> map) throws NoJson {
    Map<String, Object> object = new LinkedHashMap<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      String name = name(entry.getKey());
      if (object.containsKey(name)) throw new NoJson("two keys of a map are the same text; convert it first");
      object.put(name, entry.getValue());
    }
    return object;
  }

  private static String name(Object key) throws NoJson {
    if (key instanceof String || key instanceof UUID) return key.toString();
    if (key instanceof Enum<?> constant) return constant.name();
    if (key instanceof Number number) {
      String whole = wholeNumber(number);
      if (whole != null) return whole;
      if (number instanceof BigDecimal decimal && Math.abs((long) decimal.scale()) <= 1000) return decimal.stripTrailingZeros().toPlainString();
      if (number instanceof Double || number instanceof Float) return number.toString();
    }
    throw new NoJson("a key of a map is " + (key == null ? "null" : "of " + key.getClass().getTypeName())
        + "; it must be a String, Number, Enum or UUID");
  }

  private static List<Object> list(Iterable<?> iterable) {
    List<Object> list = new ArrayList<>();
    iterable.forEach(list::add);
    return list;
  }

  private static List<Object> array(Object array) {
    return new AbstractList<>() {
      @Override
      public Object get(int index) {
        return Array.get(array, index);
      }

      @Override
      public int size() {
        return Array.getLength(array);
      }
    };
  }
}
