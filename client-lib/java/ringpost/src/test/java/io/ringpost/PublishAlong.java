package io.ringpost;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/**
 * Publishes so many events through one handle, and opens and closes another now and then. Prints what the process has after a fifth of
 * them, and after all: resident memory in KiB, threads, open descriptors.
 */
final class PublishAlong {
  private static final int HANDLE_EACH = 10_000;

  private PublishAlong() {}

  /** SOCKET COUNT */
  public static void main(String[] words) throws Exception {
    long count = Long.parseLong(words[1]);
    Options options = new Options().socketPath(words[0]).connectTimeout(Duration.ofMinutes(1));
    try (Ringpost ringpost = Ringpost.open(options)) {
      Event event = new Event("kafkaid", "topicName").message("{\"id\":\"123\",\"text\":\"Grüße\"}").header("header1", "value");
      for (long number = 0; number < count; ++number) {
        Patiently.publish(ringpost, event.key(String.valueOf(number % 100)));
        if (number % HANDLE_EACH == 0) Ringpost.open(options).close();
        if (number == count / 5) print();
      }
      print();
    }
  }

  private static void print() throws IOException {
    System.gc();
    System.out.println(status("VmRSS:") + " " + status("Threads:") + " " + descriptors());
  }

  private static String status(String name) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines.filter(line -> line.startsWith(name)).findFirst().orElseThrow().replaceAll("\\D", "");
    }
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    }
  }
}
