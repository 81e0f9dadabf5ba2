package io.ringpost.rhino;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.ringpost.ErrorCode;
import io.ringpost.Options;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import io.ringpost.testing.Record;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;
import org.mozilla.javascript.Undefined;

/** Every row of tests/semantics/cases.json that Rhino can say: through ringpostd and in the recording, interpreted and compiled. */
class SemanticsTest {
  private static JsonObject table;
  private static Daemon daemon;
  private static Ringpost ringpost;

  @BeforeAll
  static void start() throws Exception {
    table = JsonParser.parseString(Files.readString(Programs.source("tests/semantics/cases.json"))).getAsJsonObject();
    List<String> configuration = new ArrayList<>();
    table.getAsJsonArray("configuration").forEach(line -> configuration.add(line.getAsString()));
    daemon = Daemon.start(String.join("\n", configuration));
    ringpost = Ringpost.open(new Options().socketPath(daemon.socket()));
  }

  @AfterAll
  static void stop() throws Exception {
    ringpost.close();
    daemon.close();
  }

  private static String text(JsonObject row, String name) {
    return row.has(name) ? row.get(name).getAsString() : "";
  }

  /** Null where the engine lacks what the row needs; else what was thrown, or undefined. */
  private static Object call(Scripts scripts, JsonObject row) {
    if (row.has("needs")) {
      for (JsonElement name : row.getAsJsonArray("needs")) {
        if (!ScriptableObject.hasProperty(scripts.scope, name.getAsString())) return null;
      }
    }
    return scripts.evaluate("(function () { " + text(row, "before") + "\ntry { api.events.v1.publishAsync(" + text(row, "call")
        + "); } catch (error) { return error; } }())");
  }

  private static Object property(Object object, String name) {
    return ScriptableObject.getProperty((Scriptable) object, name);
  }

  private static void checkRefusal(JsonObject row, Object error) {
    String code = text(row, "refused");
    String message = property(error, "message").toString();
    boolean retryable = ErrorCode.valueOf(code).retryable();
    assertEquals("PublishError", property(error, "name"), message);
    assertEquals(code, property(error, "code"), message);
    assertEquals(retryable, property(error, "retryable"));
    assertEquals(ErrorCode.valueOf(code).status(), ((Number) property(property(error, "status"), "code")).intValue());
    assertEquals(message, property(property(error, "status"), "message"));
    assertTrue(message.matches("(?s)^publishAsync(: |\\(\"[^\"]*\"(, \"[^\"]*\")?\\): ).*"), message);
    assertTrue(message.contains(text(row, "says")), message);
    assertTrue(message.endsWith(retryable ? "The event was not queued; retry later." : "The event was not queued."), message);
    if (row.has("cause")) {
      String cause = property(property(error, "cause"), "message").toString();
      assertTrue(cause.contains(text(row, "cause")), cause);
    }
  }

  private static String hex(byte[] bytes) {
    return bytes == null ? "null" : HexFormat.of().formatHex(bytes);
  }

  private static String expectedHex(JsonElement value) {
    if (value == null || value.isJsonNull()) return "null";
    return value.isJsonObject() ? value.getAsJsonObject().get("bytes").getAsString() : hex(value.getAsString().getBytes(UTF_8));
  }

  private static String expected(Scripts scripts, JsonObject accepted) {
    Object message = accepted.has("message") ? text(accepted, "message") : scripts.evaluate(text(accepted, "messageIs"));
    StringBuilder line = new StringBuilder(message + " " + expectedHex(accepted.get("key")));
    if (accepted.has("headers")) {
      for (JsonElement header : accepted.getAsJsonArray("headers")) {
        JsonArray pair = header.getAsJsonArray();
        line.append(' ').append(pair.get(0).getAsString()).append('=').append(expectedHex(pair.get(1)));
      }
    }
    return line.toString();
  }

  private interface Arrived {
    List<String> lines(int count) throws Exception;
  }

  private static void checkRows(Scripts scripts, boolean withDaemon, Arrived arrived) throws Exception {
    List<String> accepted = new ArrayList<>();
    int unsaid = 0;
    for (JsonElement element : table.getAsJsonArray("cases")) {
      JsonObject row = element.getAsJsonObject();
      if (row.has("daemon") && !withDaemon) continue;
      Object error = Scripts.deep(() -> call(scripts, row));
      if (error == null) {
        ++unsaid;
        continue;
      }
      String name = row.get("row") + ": " + row.get("call");
      if (row.has("accepted")) {
        assertTrue(Undefined.isUndefined(error), () -> name + ": " + Context.toString(error));
        accepted.add(expected(scripts, row.getAsJsonObject("accepted")));
      } else {
        assertTrue(!Undefined.isUndefined(error), name + ": it was accepted");
        checkRefusal(row, error);
      }
    }
    assertTrue(unsaid <= 2, unsaid + " rows need what this Rhino has not");
    assertEquals(accepted.stream().sorted().toList(), arrived.lines(accepted.size()).stream().sorted().toList());
  }

  private static void throughDaemon(int optimisation) throws Exception {
    long before = daemon.status().accepted();
    checkRows(new Scripts(ringpost, optimisation, Context.VERSION_ES6), true, count -> {
      daemon.delivered(before + count);
      List<Record> records = daemon.consume("texts");
      return records.subList((int) before, records.size()).stream().map(SemanticsTest::line).toList();
    });
  }

  private static String line(Record record) {
    StringBuilder line = new StringBuilder(record.text() + " " + hex(record.key()));
    for (Record.Header header : record.headers()) line.append(' ').append(header.name()).append('=').append(hex(header.value()));
    return line.toString();
  }

  @Test
  void interpreted() throws Exception {
    throughDaemon(-1);
  }

  @Test
  void compiled() throws Exception {
    throughDaemon(9);
  }

  @Test
  void inTheRecording() throws Exception {
    Recording recording = Ringpost.recording().withInstances(Map.of("kafkaid", List.of("orders", "texts", "crm.*"))).withMaxEventBytes(4096);
    checkRows(new Scripts(recording), false, count -> recording.events().stream().map(event -> {
      StringBuilder line = new StringBuilder(event.message() + " " + hex(event.key()));
      event.headers().forEach(header -> line.append(' ').append(header.name()).append('=').append(hex(header.value())));
      return line.toString();
    }).toList());
  }
}
