package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.testing.Child;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A process that publishes on and on grows in nothing. The long form, of ten million calls: RINGPOST_JAVA_LONG=10. */
class EnduranceTest {
  private static final long CALLS = 1_000_000 * Long.parseLong(System.getenv().getOrDefault("RINGPOST_JAVA_LONG", "1"));
  /** What compiled code and libc's allocator may still take after a fifth of the calls. A leak in each call is 25 MiB at least. */
  private static final long GROWTH_MAX_KIB = 6 << 10;

  private record Figures(long residentKib, long threads, long descriptors) {
    static Figures of(String line) {
      String[] words = line.split(" ");
      return new Figures(Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]));
    }
  }

  @Test
  void memoryThreadsAndDescriptorsStayWhatTheyAre() throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      // A heap that is there from the beginning: what grows is not Java's.
      List<String> lines = Child.runWell(List.of(Programs.java(), "-Xms32m", "-Xmx32m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC", "-cp",
          System.getProperty("java.class.path"), "io.ringpost.PublishAlong", daemon.socket(), String.valueOf(CALLS))).lines().toList();
      Figures before = Figures.of(lines.get(0));
      Figures after = Figures.of(lines.get(1));
      System.out.println(CALLS + " calls: " + before + ", " + after);
      assertTrue(after.residentKib - before.residentKib < GROWTH_MAX_KIB, before + ", " + after);
      assertEquals(before.threads, after.threads);
      assertEquals(before.descriptors, after.descriptors);
      daemon.delivered(CALLS);
    }
  }
}
