package io.ringpost.graaljs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import io.ringpost.testing.Record;
import io.ringpost.testing.scripts.Page;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** docs/java.md: its program for GraalJS runs, on each JVM of this machine. */
class DocsTest {
  @Test
  void itsProgramRuns() throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      List<Programs.Jvm> jvms = Programs.jvms();
      for (Programs.Jvm jvm : jvms) {
        List<String> outputs = new Page("docs/java.md").runPrograms(program -> program.contains("org.graalvm.") && !program.contains(".bpm."), daemon, jvm.java());
        assertEquals(List.of("uncaught.js:1 UNKNOWN_TOPIC\n"), outputs);
      }
      daemon.delivered(jvms.size());
      assertEquals(Collections.nCopies(jvms.size(), "{\"id\":\"126\",\"date\":\"1970-01-01T00:00:00.000Z\",\"order\":{\"total\":12.1}}"),
          daemon.consume("topicName").stream().map(Record::text).toList());
    }
  }
}
