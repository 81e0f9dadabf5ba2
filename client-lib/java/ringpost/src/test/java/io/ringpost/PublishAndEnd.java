package io.ringpost;

import java.time.Duration;

/** Publishes 1,000 events with one key, and ends in the way that it is told, in the next statement. */
final class PublishAndEnd {
  private PublishAndEnd() {}

  /** SOCKET KEY HOW */
  public static void main(String[] words) throws Exception {
    Ringpost ringpost = Ringpost.open(new Options().socketPath(words[0]).connectTimeout(Duration.ofMinutes(1)));
    String pid = String.valueOf(ProcessHandle.current().pid());
    for (int n = 0; n < 1000; ++n) ringpost.publish(new Event("kafkaid", "topicName").message(String.valueOf(n)).key(words[1]));
    switch (words[2]) {
      case "halt" -> Runtime.getRuntime().halt(3);
      case "exit" -> System.exit(4);
      case "throw" -> throw new IllegalStateException("uncaught");
      case "kill" -> {
        new ProcessBuilder("kill", "-KILL", pid).start();
        Thread.sleep(60_000);
      }
      default -> {}
    }
  }
}
