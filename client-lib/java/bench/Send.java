import io.ringpost.Event;
import io.ringpost.Options;
import io.ringpost.Ringpost;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What a call costs that hands the page's message, with key and two headers, to Ringpost or to Kafka's own KafkaProducer, at an even pace:
 * client-lib/java/bench/peer runs it once for each, in a JVM of its own. Prints a row of Markdown.
 */
public final class Send {
  private static final byte[] MESSAGE = ("{\"id\":\"123\",\"status\":{\"code\":\"OK\",\"message\":\"Everything is fine!\"},\"list\":[1,2,3],\"boolean\":true,"
      + "\"date\":\"2026-11-30T12:00:00.000Z\"}").getBytes(StandardCharsets.UTF_8);
  private static final byte[] KEY = "key".getBytes(StandardCharsets.UTF_8);
  private static final byte[] VALUE1 = "header1-value".getBytes(StandardCharsets.UTF_8);
  private static final byte[] VALUE2 = "header2-value".getBytes(StandardCharsets.UTF_8);

  /** `send` hands one over; `close` returns when all of them are on their way. */
  private interface Sender extends AutoCloseable {
    void send();
  }

  private Send() {}

  /** ringpost SOCKET | kafka BROKERS, CALLS_A_SECOND SECONDS WARM_UP_SECONDS */
  public static void main(String[] words) throws Exception {
    int rate = Integer.parseInt(words[2]);
    try (Sender sender = words[0].equals("kafka") ? kafka(words[1]) : ringpost(words[1])) {
      measure(sender, rate, rate * Integer.parseInt(words[4]));
      System.out.println("| " + words[0] + " | " + rate + measure(sender, rate, rate * Integer.parseInt(words[3])));
    }
  }

  private static Sender ringpost(String socket) {
    Ringpost ringpost = Ringpost.open(new Options().socketPath(socket).connectTimeout(Duration.ofMinutes(1)));
    Event event = new Event("kafkaid", "orders").message(MESSAGE).key(KEY).header("header1", VALUE1).header("header2", VALUE2);
    return new Sender() {
      @Override
      public void send() {
        ringpost.publish(event);
      }

      @Override
      public void close() {
        ringpost.close();
      }
    };
  }

  /** With the daemon's guarantees, linger and codec. */
  private static Sender kafka(String brokers) {
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", brokers, "acks", "all", "enable.idempotence", true,
        "linger.ms", 5, "compression.type", "lz4", "batch.size", 524_288), new ByteArraySerializer(), new ByteArraySerializer());
    return new Sender() {
      @Override
      public void send() {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>("orders", KEY, MESSAGE);
        record.headers().add("header1", VALUE1).add("header2", VALUE2);
        producer.send(record, (metadata, failed) -> {
          if (failed != null) throw new IllegalStateException(failed);
        });
      }

      @Override
      public void close() {
        producer.close();
      }
    };
  }

  /** The columns of one pass. */
  private static String measure(Sender sender, int rate, int calls) throws Exception {
    com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] nanoseconds = new long[calls];
    long thread = Thread.currentThread().getId();
    long garbage = threads.getThreadAllocatedBytes(thread);
    long begin = System.nanoTime();
    for (int call = 0; call < calls; ++call) {
      long due = begin + call * 1_000_000_000L / rate;
      while (System.nanoTime() < due) Thread.onSpinWait();
      long start = System.nanoTime();
      sender.send();
      nanoseconds[call] = System.nanoTime() - start;
    }
    garbage = (threads.getThreadAllocatedBytes(thread) - garbage) / calls;
    Arrays.sort(nanoseconds);
    return String.format(" | %d | %d | %d | %d | %s | %s |", nanoseconds[calls / 2], nanoseconds[(int) (calls * 0.99)],
        nanoseconds[(int) (calls * 0.999)], garbage, Integer.parseInt(status("VmRSS:")) / 1024, status("Threads:"));
  }

  private static String status(String name) throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(name)).findFirst().orElseThrow()
        .replaceAll("\\D", "");
  }
}
