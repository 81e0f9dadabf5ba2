package io.ringpost.rhino;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.ErrorCode;
import io.ringpost.testing.Child;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import io.ringpost.testing.Record;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/java.md: each of its programs runs, and its errors are those that there are. */
class DocsTest {
  private static final Pattern PROGRAM = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  @Test
  void everyProgramRuns() throws Exception {
    Matcher programs = PROGRAM.matcher(Files.readString(Programs.source("docs/java.md")));
    List<String> outputs = new ArrayList<>();
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      while (programs.find()) {
        Path file = Files.writeString(daemon.folder().resolve("Program.java"), programs.group(1));
        List<String> command = List.of(Programs.java(), "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), file.toString());
        try (Child child = new Child(command, daemon.folder(), Map.of("RINGPOST_SOCKET", daemon.socket()))) {
          assertEquals(0, child.ended(), child.errors());
          outputs.add(child.output() + child.errors());
        }
      }
      daemon.delivered(1002);
      List<String> texts = daemon.consume("topicName").stream().map(Record::text).toList();
      assertTrue(texts.contains("{\"id\":\"123\"}"));
      assertTrue(texts.contains("{\"id\":\"125\",\"status\":{\"code\":\"OK\",\"message\":\"Everything is fine!\"},\"list\":[1,2,3],\"boolean\":true,"
          + "\"date\":\"1970-01-01T00:00:00.000Z\",\"order\":{\"total\":12.1}}"), texts.toString());
    }
    assertEquals(List.of("", "kafkaid true true\n", "{\"id\":1} k\nBUFFER_FULL\n", "uncaught.js UNKNOWN_TOPIC\n"), outputs);
  }

  @Test
  void theErrorsThatItListsAreTheErrorsThatThereAre() throws Exception {
    String page = Files.readString(Programs.source("docs/java.md"));
    for (ErrorCode code : ErrorCode.values()) assertTrue(page.contains("`" + code + "`"), code.name());
  }
}
