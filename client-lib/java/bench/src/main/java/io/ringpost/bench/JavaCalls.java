package io.ringpost.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ringpost.Event;
import io.ringpost.Ringpost;
import org.openjdk.jmh.annotations.Benchmark;

/** From Java, with the message as bytes that are there already. */
public class JavaCalls extends Calls {
  private static final byte[] MESSAGE = ("{\"id\":\"123\",\"status\":{\"code\":\"OK\",\"message\":\"Everything is fine!\"},\"list\":[1,2,3],\"boolean\":true,"
      + "\"date\":\"2026-11-30T12:00:00.000Z\"}").getBytes(UTF_8);

  private final Event event = new Event("kafkaid", "topicName").key("key").header("header1", "header1-value").header("header2", "header2-value");
  private Ringpost ringpost;

  @Override
  final void prepare(Ringpost ringpost) {
    this.ringpost = ringpost;
  }

  @Benchmark
  public void publish() {
    for (int call = 0; call < CALLS; ++call) ringpost.publish(event.message(MESSAGE));
    published(CALLS);
  }
}
