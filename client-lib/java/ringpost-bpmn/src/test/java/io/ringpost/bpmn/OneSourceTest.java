package io.ringpost.bpmn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringpost.testing.Programs;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** The plugins for Operaton and for Camunda 7, from which it was forked, are the same but for the names; so are their tests' engines. */
class OneSourceTest {
  private static String source(String path) throws Exception {
    return Files.readString(Programs.source("client-lib/java/ringpost-bpmn/src/" + path));
  }

  @Test
  void bothPluginsAreTheSame() throws Exception {
    for (String[] pair : new String[][] {
        {"main/java/io/ringpost/bpmn/operaton/RingpostPlugin.java", "main/java/io/ringpost/bpmn/camunda/RingpostPlugin.java"},
        {"test/java/io/ringpost/bpmn/operaton/OperatonEngine.java", "test/java/io/ringpost/bpmn/camunda/CamundaEngine.java"}}) {
      assertEquals(source(pair[1]), source(pair[0]).replace("operaton", "camunda").replace("Operaton", "Camunda"));
    }
  }
}
