package io.ringpost.testing.scripts;

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

/** Every row of tests/semantics/cases.json that the engine can say: through ringpostd and in the recording, in each of its modes. */
public abstract class SemanticsCases {
  private static JsonObject table;
  private static Daemon daemon;
  private static Ringpost ringpost;

  /** One in each mode of the engine. */
  protected abstract List<Scripts> inAllModes(Ringpost ringpost);

  /** How many levels its JSON.stringify goes down, at the most. */
  protected abstract int levelsMax();

  /** How many rows it can't say, at the most, beside those that only Node.js can. */
  protected abstract int unsaidMax();

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

  private boolean isSayable(Scripts scripts, JsonObject row) {
    if (row.has("levels") && row.get("levels").getAsInt() > levelsMax()) return false;
    if (!row.has("needs")) return true;
    for (JsonElement name : row.getAsJsonArray("needs")) {
      if (scripts.evaluate("typeof " + name.getAsString()).equals("undefined")) return false;
    }
    return true;
  }

  /** What was thrown, as JSON; or "accepted". */
  private static String call(Scripts scripts, JsonObject row) {
    return scripts.evaluate("(function () { var toText = JSON.stringify; " + text(row, "before") + """

        try {
          return api.events.v1.publishAsync(""" + text(row, "call") + """
        ) === undefined ? "accepted" : "not undefined";
        } catch (e) {
          return toText({isError: e instanceof Error, name: e.name, code: e.code, retryable: e.retryable, status: e.status, message: e.message,
            cause: e.cause ? String(e.cause.message) : ""});
        }
        }())""");
  }

  private static void checkRefusal(JsonObject row, JsonObject error) {
    String code = text(row, "refused");
    String message = text(error, "message");
    boolean retryable = ErrorCode.valueOf(code).retryable();
    assertTrue(error.get("isError").getAsBoolean());
    assertEquals("PublishError", text(error, "name"), message);
    assertEquals(code, text(error, "code"), message);
    assertEquals(retryable, error.get("retryable").getAsBoolean());
    assertEquals(ErrorCode.valueOf(code).status(), error.getAsJsonObject("status").get("code").getAsInt());
    assertEquals(message, text(error.getAsJsonObject("status"), "message"));
    assertTrue(message.matches("(?s)^publishAsync(: |\\(\"[^\"]*\"(, \"[^\"]*\")?\\): ).*"), message);
    assertTrue(message.contains(text(row, "says")), message);
    assertTrue(message.endsWith(retryable ? "The event was not queued; retry later." : "The event was not queued."), message);
    assertTrue(text(error, "cause").contains(text(row, "cause")), error.toString());
  }

  private static String hex(byte[] bytes) {
    return bytes == null ? "null" : HexFormat.of().formatHex(bytes);
  }

  private static String expectedHex(JsonElement value) {
    if (value == null || value.isJsonNull()) return "null";
    return value.isJsonObject() ? value.getAsJsonObject().get("bytes").getAsString() : hex(value.getAsString().getBytes(UTF_8));
  }

  private static String expected(Scripts scripts, JsonObject accepted) {
    String message = accepted.has("message") ? text(accepted, "message") : scripts.evaluate(text(accepted, "messageIs"));
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

  private void checkRows(Scripts scripts, boolean withDaemon, Arrived arrived) throws Exception {
    List<String> accepted = new ArrayList<>();
    int unsaid = 0;
    for (JsonElement element : table.getAsJsonArray("cases")) {
      JsonObject row = element.getAsJsonObject();
      if (row.has("daemon") && !withDaemon) continue;
      if (!isSayable(scripts, row)) {
        if (!row.toString().contains("Buffer.from")) ++unsaid;
        continue;
      }
      String outcome = Scripts.deep(() -> call(scripts, row));
      String name = row.get("row") + ": " + row.get("call");
      if (row.has("accepted")) {
        assertEquals("accepted", outcome, name);
        accepted.add(expected(scripts, row.getAsJsonObject("accepted")));
      } else {
        assertTrue(outcome.startsWith("{"), () -> name + ": " + outcome);
        checkRefusal(row, JsonParser.parseString(outcome).getAsJsonObject());
      }
    }
    assertTrue(unsaid <= unsaidMax(), unsaid + " rows need what this engine has not");
    assertEquals(accepted.stream().sorted().toList(), arrived.lines(accepted.size()).stream().sorted().toList());
  }

  private static String line(Record record) {
    StringBuilder line = new StringBuilder(record.text() + " " + hex(record.key()));
    for (Record.Header header : record.headers()) line.append(' ').append(header.name()).append('=').append(hex(header.value()));
    return line.toString();
  }

  @Test
  void throughTheDaemon() throws Exception {
    for (Scripts scripts : inAllModes(ringpost)) {
      long before = daemon.status().accepted();
      checkRows(scripts, true, count -> {
        daemon.delivered(before + count);
        List<Record> records = daemon.consume("texts");
        return records.subList((int) before, records.size()).stream().map(SemanticsCases::line).toList();
      });
    }
  }

  @Test
  void inTheRecording() throws Exception {
    Recording recording = Ringpost.recording().withInstances(Map.of("kafkaid", List.of("orders", "texts", "crm.*"))).withMaxEventBytes(4096);
    checkRows(inAllModes(recording).get(0), false, count -> recording.events().stream().map(event -> {
      StringBuilder line = new StringBuilder(event.message() + " " + hex(event.key()));
      event.headers().forEach(header -> line.append(' ').append(header.name()).append('=').append(hex(header.value())));
      return line.toString();
    }).toList());
  }
}
