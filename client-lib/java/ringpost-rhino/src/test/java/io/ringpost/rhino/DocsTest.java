package io.ringpost.rhino;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.ErrorCode;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Record;
import io.ringpost.testing.scripts.Page;
import java.util.List;
import org.junit.jupiter.api.Test;

/** docs/java.md: each of its programs for Java itself and for Rhino runs, and its errors are those that there are. */
class DocsTest {
  @Test
  void everyProgramRuns() throws Exception {
    Page page = new Page("docs/java.md");
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      List<String> outputs = page.runPrograms(program -> !program.contains("org.graalvm.") && !program.contains(".bpm."), daemon);
      assertEquals(List.of("", "kafkaid true true\n", "{\"id\":1} k\nBUFFER_FULL\n", "uncaught.js UNKNOWN_TOPIC\n"), outputs);
      daemon.delivered(1002);
      List<String> texts = daemon.consume("topicName").stream().map(Record::text).toList();
      assertTrue(texts.contains("{\"id\":\"123\"}"));
      assertTrue(texts.contains("{\"id\":\"125\",\"status\":{\"code\":\"OK\",\"message\":\"Everything is fine!\"},\"list\":[1,2,3],\"boolean\":true,"
          + "\"date\":\"1970-01-01T00:00:00.000Z\",\"order\":{\"total\":12.1}}"), texts.toString());
    }
  }

  @Test
  void theErrorsThatItListsAreTheErrorsThatThereAre() throws Exception {
    String page = new Page("docs/java.md").text();
    for (ErrorCode code : ErrorCode.values()) assertTrue(page.contains("`" + code + "`"), code.name());
  }
}
