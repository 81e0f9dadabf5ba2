package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.testing.Child;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import io.ringpost.testing.Record;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs of their own: what was accepted arrives, however they end; nothing to complain about for -Xcheck:jni and newer JVMs. */
class ExitTest {
  private static final Map<String, Integer> STATUS = Map.of("halt", 3, "exit", 4, "throw", 1, "kill", 128 + 9, "end", 0);
  private static Daemon daemon;

  @BeforeAll
  static void start() throws Exception {
    daemon = Daemon.start(Daemon.ONE_TOPIC);
  }

  @AfterAll
  static void stop() throws Exception {
    daemon.close();
  }

  private static List<String> command(String java, String key, String how, String... options) {
    List<String> command = new ArrayList<>(List.of(java, "-XX:TieredStopAtLevel=1", "-Xshare:auto"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.ringpost.PublishAndEnd", daemon.socket(), key, how));
    return command;
  }

  @Test
  void allThatWasAcceptedArrivesHoweverTheProcessEnds() throws Exception {
    long before = daemon.status().accepted();
    List<String> ways = List.of("halt", "kill", "halt", "kill", "halt", "kill", "exit", "throw", "end");
    for (int at = 0; at < ways.size(); ++at) {
      Child child = Child.run(command(Programs.java(), ways.get(at) + at, ways.get(at)));
      assertEquals(STATUS.get(ways.get(at)), child.ended(), ways.get(at) + ": " + child.errors());
    }
    daemon.delivered(before + 1000L * ways.size());
    Map<String, Integer> next = new HashMap<>();
    for (Record record : daemon.consume("topicName")) {
      if (!record.keyText().matches("[a-z]+[0-9]")) continue;  // the other tests'
      int expected = next.merge(record.keyText(), 1, Integer::sum) - 1;
      assertEquals(String.valueOf(expected), record.text(), record.keyText());
    }
    for (int at = 0; at < ways.size(); ++at) assertEquals(1000, next.get(ways.get(at) + at));
  }

  @Test
  void checkedJniHasNothingToSay() throws Exception {
    Child child = Child.run(command(Programs.java(), "checked", "end", "-Xcheck:jni", "--enable-native-access=ALL-UNNAMED"));
    assertEquals(0, child.ended(), child.errors());
    assertEquals("", child.output() + child.errors());
  }

  /** The JVMs of this machine, whichever these are; 17 is always there. */
  @Test
  void everyJvmOfThisMachineRunsIt() throws Exception {
    for (Programs.Jvm jvm : Programs.jvms()) {
      Child plain = Child.run(command(jvm.java(), "jvm", "end"));
      assertEquals(0, plain.ended(), plain.errors());
      assertEquals(jvm.release() >= 24, plain.errors().contains("--enable-native-access"), plain.errors());
      Child allowed = Child.run(command(jvm.java(), "jvm", "end", "--enable-native-access=ALL-UNNAMED"));
      assertEquals(0, allowed.ended(), allowed.errors());
      assertTrue(allowed.errors().isEmpty(), allowed.errors());
    }
  }
}
