package io.ringpost.testing.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.RecordedEvent;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Collections;
import java.util.Date;
import java.util.GregorianCalendar;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Every cell of the table of Java values: in a message, in a key, in a header; in each way in which a host can give one. */
public abstract class JavaValuesCases {
  private static final UUID ID = UUID.fromString("7721f55e-9d0f-4d02-a213-43aa16ba0b47");

  private final Recording recording = Ringpost.recording();
  private Scripts scripts = inAllWays(recording).get(0);

  /** One for each way in which hosts give values, the usual one first. */
  protected abstract List<Scripts> inAllWays(Ringpost ringpost);

  /** Whether a Float by itself comes to scripts as the double that it is. */
  protected abstract boolean widensFloats();

  /** The JSON of 10^20 as a BigInteger by itself, or the code that it is refused with. */
  protected abstract String largeInteger();

  /** With a constant that has a class of its own. */
  enum Size {
    SMALL,
    LARGE {
      @Override
      public String toString() {
        return "not the name";
      }
    }
  }

  static final class Bean {
    public String getName() {
      return "bean";
    }
  }

  /** The JSON text, or the message of the error. */
  private String published(String arguments) {
    recording.events().clear();
    String thrown = scripts.evaluate("try { api.events.v1.publishAsync('kafkaid', 't', " + arguments + "); '' } catch (e) { e.code + ': ' + e.message }");
    return recording.events().isEmpty() ? thrown : recording.events().get(0).message();
  }

  private void becomes(Object value, String json) {
    becomes(value, json, json);
  }

  /** `byItself`: where it is no element of a host's collection. */
  private void becomes(Object value, String json, String byItself) {
    String name = value == null ? "null" : value.getClass().getName();
    for (Scripts way : inAllWays(recording)) {
      scripts = way;
      scripts.give("value", value);
      assertEquals(byItself, published("value"), name);
      assertEquals("{\"a\":[" + byItself + "]}", published("{a: [value]}"), name);
      scripts.give("value", new LinkedHashMap<>(Collections.singletonMap("inner", Arrays.asList(value, value))));
      assertEquals("{\"inner\":[" + json + "," + json + "]}", published("value"), "inside " + name);
    }
  }

  private void refused(Object value, String says) {
    for (Scripts way : inAllWays(recording)) {
      scripts = way;
      scripts.give("value", value);
      for (String message : new String[] {"value", "{a: [1, {b: value}]}"}) {
        String error = published(message);
        assertTrue(error.startsWith("INVALID_JSON: publishAsync(\"kafkaid\", \"t\"): the message can't be serialised"), error);
        assertTrue(error.contains(says), error);
        assertEquals(message.startsWith("{"), error.contains(" at \"a[1].b\": "), error);
      }
    }
  }

  @Test
  void collectionsAndTexts() {
    becomes(null, "null");
    becomes(true, "true");
    becomes("text \ud83d\udc18", "\"text \ud83d\udc18\"");
    becomes(new StringBuilder("built"), "\"built\"");
    becomes('c', "\"c\"");
    becomes(List.of(1, "a", List.of()), "[1,\"a\",[]]");
    becomes(new ArrayDeque<>(List.of(1, 2)), "[1,2]");
    becomes(new int[] {1, 2}, "[1,2]");
    becomes(new Object[] {null, "a", new double[] {1.5}}, "[null,\"a\",[1.5]]");
    becomes(new char[] {'a'}, "[\"a\"]");
    Map<Object, Object> map = new LinkedHashMap<>();
    map.put("s", 1);
    map.put(7, 2);
    map.put(10000000000L, 3);
    map.put(Size.LARGE, 4);
    map.put(ID, 5);
    map.put(new BigDecimal("12.10"), 6);
    map.put("__proto__", 7);
    scripts.give("value", map);
    String json = published("value");
    for (String part : new String[] {"\"s\":1", "\"7\":2", "\"10000000000\":3", "\"LARGE\":4", "\"" + ID + "\":5", "\"12.1\":6", "\"__proto__\":7"}) {
      assertTrue(json.contains(part), json);
    }
  }

  @Test
  void numbersStayExactlyTheSameOrAreRefused() {
    becomes((byte) 1, "1");
    becomes((short) -2, "-2");
    becomes(3, "3");
    becomes(1L << 53, "9007199254740992");
    becomes(-(1L << 53), "-9007199254740992");
    becomes(1_000_000_000_000_000_000L, "1000000000000000000");
    refused((1L << 53) + 1, "a Long that no JavaScript number says exactly; convert it to a string");
    refused(1L << 60, "convert it to a string");
    refused(Long.MIN_VALUE, "convert it to a string");
    becomes(0.1f, "0.1", widensFloats() ? "0.10000000149011612" : "0.1");
    becomes(1999.99, "1999.99");
    becomes(Double.NaN, "null");
    becomes(Float.POSITIVE_INFINITY, "null");
    becomes(new BigDecimal("12.10"), "12.1");
    becomes(new BigDecimal("1999.99"), "1999.99");
    becomes(new BigDecimal("0.00"), "0");
    becomes(new BigDecimal("1E+20"), "100000000000000000000");
    becomes(new BigDecimal("1E+21"), "1e+21");
    becomes(new BigDecimal("0.1234567890123456"), "0.1234567890123456");
    becomes(new BigDecimal("5E-324"), "5e-324");
    refused(new BigDecimal("4E-324"), "a BigDecimal that no JavaScript number says exactly");
    refused(new BigDecimal("0.12345678901234567890"), "convert it to a string");
    refused(new BigDecimal("9007199254740993"), "convert it to a string");
    refused(new BigDecimal("1E+400"), "convert it to a string");
    refused(new BigDecimal("1E-400"), "convert it to a string");
    refused(new BigDecimal("1E+1000000000"), "convert it to a string");
    scripts.give("value", BigInteger.TEN.pow(20));
    assertTrue(published("value").startsWith(largeInteger()), published("value"));
    scripts.give("value", List.of(BigInteger.TEN.pow(20), Map.of("a", BigInteger.TEN)));
    assertEquals("[100000000000000000000,{\"a\":10}]", published("value"));
    scripts.give("value", Map.of("sum", List.of(BigInteger.TWO.pow(64).add(BigInteger.ONE))));
    assertTrue(published("value").contains(" at \"sum[0]\": a BigInteger that no JavaScript number says exactly"), published("value"));
  }

  @Test
  void datesAndNames() {
    Instant instant = Instant.parse("1970-01-01T00:00:00.001999Z");
    Calendar calendar = new GregorianCalendar(TimeZone.getTimeZone("Europe/Warsaw"));
    calendar.setTimeInMillis(1);
    becomes(new Date(0), "\"1970-01-01T00:00:00.000Z\"");
    becomes(new Date(Long.MIN_VALUE / 1000000), "\"" + scripts.evaluate("new Date(-9223372036854).toISOString()") + "\"");
    becomes(new Date(253402300800000L), "\"+010000-01-01T00:00:00.000Z\"");
    becomes(new Date(-62198755200000L), "\"-000001-01-01T00:00:00.000Z\"");
    becomes(new Date(1) {}, "\"1970-01-01T00:00:00.001Z\"");
    becomes(calendar, "\"1970-01-01T00:00:00.001Z\"");
    becomes(instant, "\"1970-01-01T00:00:00.001Z\"");
    becomes(OffsetDateTime.ofInstant(instant, ZoneOffset.ofHours(2)), "\"1970-01-01T02:00:00.001999+02:00\"");
    becomes(ZonedDateTime.ofInstant(instant, ZoneId.of("Europe/Warsaw")), "\"1970-01-01T01:00:00.001999+01:00\"");
    becomes(LocalDate.of(2026, 11, 29), "\"2026-11-29\"");
    becomes(LocalTime.of(1, 2, 3), "\"01:02:03\"");
    becomes(LocalDateTime.of(2026, 11, 29, 1, 2, 3), "\"2026-11-29T01:02:03\"");
    becomes(Duration.ofMinutes(90), "\"PT1H30M\"");
    becomes(Period.ofDays(3), "\"P3D\"");
    becomes(ID, "\"" + ID + "\"");
    becomes(Size.LARGE, "\"LARGE\"");
    becomes(TimeUnit.DAYS, "\"DAYS\"");
    becomes(URI.create("https://example.org/a?b=c"), "\"https://example.org/a?b=c\"");
  }

  @Test
  void everythingElseIsRefusedByPathAndClass() {
    refused(new byte[] {1}, "a value of byte[] has no JSON form");
    refused(Optional.of(1), "a value of java.util.Optional has no JSON form");
    refused(new Bean(), "a value of io.ringpost.testing.scripts.JavaValuesCases$Bean has no JSON form; convert it first");
    refused(Object.class, "a value of java.lang.Class");
    refused(new Thread(), "a value of java.lang.Thread");
    refused(Collections.singletonMap(null, 1), "a key of a map is null");
    refused(Map.of(List.of(), 1), "a key of a map is of java.util");
    Map<Object, Object> twice = new LinkedHashMap<>();
    twice.put("1", 1);
    twice.put(1, 1);
    refused(twice, "two keys of a map are the same text");
    scripts.give("value", List.of(List.of(1, Map.of("key", new Bean()))));
    assertTrue(published("{list: value}").contains(" at \"list[0][1].key\": "), published("{list: value}"));
    List<Object> circular = new ArrayList<>();
    circular.add(circular);
    scripts.give("value", circular);
    assertTrue(published("value").startsWith("INVALID_JSON: "), published("value"));
  }

  private RecordedEvent event(String key, String headers) {
    recording.events().clear();
    scripts.evaluate("api.events.v1.publishAsync('kafkaid', 't', 1, " + key + ", " + headers + ")");
    return recording.events().get(0);
  }

  @Test
  void keysAndHeaders() {
    scripts.give("long", 9007199254740993L);
    scripts.give("big", new BigInteger("123456789012345678901234567890"));
    scripts.give("id", ID);
    scripts.give("size", Size.LARGE);
    scripts.give("bytes", new byte[] {'h', 'i'});
    scripts.give("text", new StringBuilder("text"));
    scripts.give("decimal", new BigDecimal("12.10"));
    scripts.give("date", new Date(0));
    scripts.give("list", Arrays.asList(1, 2.5, null, "a"));
    scripts.give("map", new LinkedHashMap<>(Map.of("m", "v")));
    Map<String, String> keys = Map.of("long", "9007199254740993", "big", "123456789012345678901234567890",
        "id", ID.toString(), "size", "LARGE", "bytes", "hi", "text", "text");
    keys.forEach((name, expected) -> assertEquals(expected, event(name, "null").keyText(), name));
    for (String name : new String[] {"decimal", "date", "list", "map"}) {
      String error = published("1, " + name);
      assertTrue(error.startsWith("INVALID_ARGUMENT: publishAsync(\"kafkaid\", \"t\"): the key is "), error);
    }
    Map<String, String> headers = Map.of("long", "9007199254740993", "decimal", "12.10", "date", "1970-01-01T00:00:00.000Z", "bytes", "hi", "id",
        ID.toString());
    headers.forEach((name, expected) -> assertEquals(expected, event("null", "{h: " + name + "}").headers().get(0).text(), name));
    List<RecordedEvent.Header> listed = event("null", "{h: list}").headers();
    assertEquals(Arrays.asList("1", "2.5", null, "a"), listed.stream().map(RecordedEvent.Header::text).toList());
    assertEquals("m", event("null", "map").headers().get(0).name());
    scripts.give("bean", new Bean());
    assertTrue(published("1, null, {h: bean}").contains("the header \"h\" is a value of io.ringpost.testing.scripts.JavaValuesCases$Bean; it must be"));
    assertTrue(published("1, bean").contains("the key is a value of io.ringpost.testing.scripts.JavaValuesCases$Bean; it must be"));
  }
}
