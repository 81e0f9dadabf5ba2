package io.ringpost.bpmn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.ErrorCode;
import io.ringpost.Options;
import io.ringpost.PublishException;
import io.ringpost.RecordedEvent;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.bpmn.BpmnEngine.Settings;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import io.ringpost.testing.Record;
import io.ringpost.testing.Waiting;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.time.LocalDate;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Processes in a real engine, whose scripts publish. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class BpmnCases {
  private static final String ASYNC = "camunda:asyncBefore=\"true\"";

  private final Recording recording = Ringpost.recording();
  private BpmnEngine engine;

  protected abstract BpmnEngine engine(Ringpost ringpost, Settings settings);

  @BeforeAll
  void start() {
    engine = engine(recording, Settings.USUAL);
  }

  @AfterAll
  void stop() {
    engine.close();
  }

  @BeforeEach
  void forget() {
    recording.events().clear();
    recording.refuseWith(null);
  }

  private static String publish(String message) {
    return "api.events.v1.publishAsync('kafkaid', 'orders', " + message + ", 'k');";
  }

  private List<String> messages() {
    return recording.events().stream().map(RecordedEvent::message).toList();
  }

  @Test
  void thePagesExampleWordForWord() throws Exception {
    String page = Files.readString(Programs.source("docs/page_example.js"));
    for (boolean hasHostAccess : new boolean[] {true, false}) {
      try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC); Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()));
          BpmnEngine real = engine(ringpost, new Settings(0, hasHostAccess, false))) {
        real.deploy(new Process().script("publish", "", page).named("page"));
        real.start("page", Map.of());
        assertEquals(0, real.running("page"));
        daemon.delivered(1);
        Record record = daemon.consume("topicName").get(0);
        assertEquals("key", record.keyText());
        assertEquals(List.of("header1", "header2"), record.headers().stream().map(Record.Header::name).toList());
        assertTrue(record.text().matches("\\{\"id\":\"123\",\"status\":\\{\"code\":\"OK\",\"message\":\"Everything is fine!\"},\"list\":\\[1,2,3],"
            + "\"boolean\":true,\"date\":\"\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z\"}"), record.text());
      }
    }
  }

  @Test
  void listenersConditionsParametersAndVariables() {
    String listener = "<extensionElements><camunda:executionListener event=\"start\"><camunda:script scriptFormat=\"javascript\">" + publish("'execution listener'")
        + "</camunda:script></camunda:executionListener><camunda:taskListener event=\"complete\"><camunda:script scriptFormat=\"javascript\">"
        + publish("'task listener'") + "</camunda:script></camunda:taskListener><camunda:inputOutput><camunda:inputParameter name=\"in\">"
        + "<camunda:script scriptFormat=\"javascript\">" + publish("'parameter'") + " 1</camunda:script></camunda:inputParameter></camunda:inputOutput>"
        + "</extensionElements>";
    String condition = "<conditionExpression xsi:type=\"tFormalExpression\" language=\"javascript\">" + publish("'condition'") + " true</conditionExpression>";
    engine.deploy(new Process().element("<userTask id=\"user\">" + listener + "</userTask>", "user", "")
        .element("<manualTask id=\"manual\"/>", "manual", condition)
        .script("last", "", publish("{total: total, due: due, day: day, id: id, owner: owner, text: execution.getVariable('owner').get('name')}"))
        .named("everywhere"));
    Map<String, Object> owner = new HashMap<>(Map.of("name", "Ada"));
    engine.start("everywhere", Map.of("total", new BigDecimal("12.10"), "due", new Date(0), "day", LocalDate.EPOCH, "id", 123456789012L, "owner", owner));
    engine.completeTask();
    assertEquals(0, engine.running("everywhere"));
    assertEquals("{\"total\":12.1,\"due\":\"1970-01-01T00:00:00.000Z\",\"day\":\"1970-01-01\",\"id\":123456789012,\"owner\":{\"name\":\"Ada\"},\"text\":\"Ada\"}",
        messages().get(messages().size() - 1));
    assertEquals(List.of("\"condition\"", "\"execution listener\"", "\"parameter\"", "\"task listener\""),
        messages().subList(0, messages().size() - 1).stream().sorted().toList());
  }

  @Test
  void anUncaughtErrorIsTheJobsRetryAndIncident() {
    recording.refuseWith(ErrorCode.BUFFER_FULL);
    engine.deploy(new Process().script("publish", ASYNC, "\n" + publish("1")).named("failing"));
    engine.start("failing", Map.of());
    String job = engine.jobs("failing").get(0);
    String says = "publishAsync(\"kafkaid\", \"orders\"): this recording was told to refuse. The event was not queued; retry later.";
    for (int left = 2; left >= 0; --left) {
      RuntimeException thrown = assertThrows(RuntimeException.class, () -> engine.execute(job));
      assertEquals(ErrorCode.BUFFER_FULL, PublishException.from(thrown).orElseThrow().code());
      assertEquals(left, engine.retries(job));
      assertTrue(engine.failure(job).contains(says), engine.failure(job));
      assertEquals(left == 0 ? 1 : 0, engine.incidents(job).size());
    }
    assertTrue(engine.incidents(job).get(0).contains(says), engine.incidents(job).get(0));
    recording.refuseWith(null);
    engine.execute(job);
    assertEquals(List.of("1"), messages());
    assertEquals(0, engine.running("failing"));
  }

  /** Stated in docs/java.md and docs/scripts.md: no binding can promise otherwise. */
  @Test
  void aRetriedJobPublishesAgainAndARollbackTakesNothingBack() {
    engine.deploy(new Process().script("publish", ASYNC, publish("{id: id}") + " if (fails) throw new Error('after it');").named("again"));
    engine.start("again", Map.of("id", "a-7", "fails", true));
    String job = engine.jobs("again").get(0);
    for (int time = 0; time < 2; ++time) assertThrows(RuntimeException.class, () -> engine.execute(job));
    assertEquals(List.of("{\"id\":\"a-7\"}", "{\"id\":\"a-7\"}"), messages());

    engine.deploy(new Process().script("publish", "", publish("'rolled back'"))
        .element("<serviceTask id=\"fails\" camunda:expression=\"${missing}\"/>", "fails", "").named("rollback"));
    assertThrows(RuntimeException.class, () -> engine.start("rollback", Map.of()));
    assertEquals(0, engine.running("rollback"));
    assertEquals("\"rolled back\"", messages().get(2));
  }

  @Test
  void whatAScriptDoesIsGoneForTheNextOne() {
    engine.deploy(new Process()
        .script("first", "", "JSON.stringify = null; api = {}; __ringpost = null; Date.prototype.toJSON = function () { return 'taken' };" + publish("typeof api"))
        .script("next", "", publish("[new Date(0), typeof __ringpost.getClass, String(__ringpost())]")).named("tampering"));
    engine.start("tampering", Map.of());
    assertEquals(List.of("\"object\"", "[\"1970-01-01T00:00:00.000Z\",\"undefined\",\"null\"]"), messages());
  }

  /** A process that has had a variable of that name goes on as it was. */
  @Test
  void aProcessVariableHidesTheApi() {
    engine.deploy(new Process().script("own", "camunda:resultVariable=\"found\"", "if (api !== 'own') throw new Error(typeof api)").named("variable"));
    engine.start("variable", Map.of("api", "own"));
    assertEquals(0, engine.running("variable"));
  }

  /** The engine's own option for scripts of 2009. */
  @Test
  void withNashornsWaysItSaysWhatIsMissing() {
    try (BpmnEngine old = engine(recording, new Settings(0, true, true))) {
      old.deploy(new Process().script("publish", "", publish("1")).named("old"));
      RuntimeException thrown = assertThrows(RuntimeException.class, () -> old.start("old", Map.of()));
      assertTrue(thrown.getMessage().contains("RingpostApi needs ECMAScript 2020 or later; js.nashorn-compat"), thrown.getMessage());
    }
  }

  @Test
  void afterCommitPublishesWhatIsCommitted() throws Exception {
    try (BpmnEngine deferring = engine(recording, new Settings(2, true, false))) {
      AfterCommit after = deferring.afterCommit();
      deferring.deploy(new Process().script("publish", "", publish("{id: id}") + publish("2"))
          .element("<serviceTask id=\"may\" camunda:expression=\"${fails ? missing : id}\"/>", "may", "").named("order"));
      assertThrows(RuntimeException.class, () -> deferring.start("order", Map.of("id", "rolled back", "fails", true)));
      assertEquals(List.of(), messages());
      deferring.start("order", Map.of("id", "a", "fails", false));
      assertEquals(List.of("{\"id\":\"a\"}", "2"), messages());

      deferring.deploy(new Process().script("publish", "", "api.events.v1.publishAsync('kafkaid', 'orders', {a: undefined, big: BigInt(1)})").named("wrong"));
      RuntimeException wrong = assertThrows(RuntimeException.class, () -> deferring.start("wrong", Map.of()));
      assertEquals(ErrorCode.INVALID_JSON, PublishException.from(wrong).orElseThrow().code());

      recording.refuseWith(ErrorCode.BUFFER_FULL);
      deferring.start("order", Map.of("id", "b", "fails", false));
      deferring.start("order", Map.of("id", "c", "fails", false));
      assertEquals(0, deferring.running("order"));
      assertEquals(2, after.waiting());
      assertEquals(2, after.lost());
      recording.refuseWith(null);
      Waiting.until(() -> after.waiting() == 0, () -> "they wait on");
      assertEquals(List.of("{\"id\":\"a\"}", "2", "{\"id\":\"b\"}", "2"), messages());

      recording.refuseWith(ErrorCode.UNKNOWN_TOPIC);
      deferring.start("order", Map.of("id", "d", "fails", false));
      assertEquals(4, after.lost());
      assertEquals(4, after.published());
      assertFalse(messages().contains("{\"id\":\"d\"}"));
    }
  }
}
