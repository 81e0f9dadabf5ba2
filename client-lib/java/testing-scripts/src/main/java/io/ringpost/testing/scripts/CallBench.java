package io.ringpost.testing.scripts;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.ringpost.Event;
import io.ringpost.Options;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a call costs, beside the engine's JSON.stringify alone: client-lib/java/bench/run. In turns, in one JVM, on the page's example;
 * objects are made before the clock starts. Prints Markdown; no time is judged. The CPU time of the calling thread is what other programs on
 * the machine disturb least.
 */
public final class CallBench {
  private static final int CALLS = 2000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private record Contender(String name, Runnable slice, List<Double> found, List<Double> cpu) {
    Contender(String name, Runnable slice) {
      this(name, slice, new ArrayList<>(), new ArrayList<>());
    }
  }

  /** An engine, as it is to be measured. */
  public interface Subject extends Scripts {
    /** A function of the script's, to be called often, with the global variable `events`. */
    Runnable function(String source);
  }

  /** Makes an engine with `api`. */
  public interface Maker {
    Subject with(Ringpost ringpost);
  }

  private final Ringpost ringpost;
  private final Subject subject;

  private CallBench(Ringpost ringpost, Subject subject) {
    this.ringpost = ringpost;
    this.subject = subject;
  }

  /** `words`: SLICES WARM_UPS. */
  public static void run(String engine, Maker maker, String[] words) throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC); Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      new CallBench(ringpost, maker.with(ringpost)).measure(engine, Integer.parseInt(words[0]), Integer.parseInt(words[1]));
    }
  }

  /** Of the jar of that name in the class path. */
  public static String versionOf(String artifact) {
    return Arrays.stream(System.getProperty("java.class.path").split(":")).filter(jar -> jar.matches(".*/" + artifact + "-[0-9.]+\\.jar")).findFirst()
        .map(jar -> jar.replaceAll(".*-|\\.jar", "")).orElse("?");
  }

  private Contender ofScript(String name, String body) {
    return new Contender(name,
        subject.function("(function (events) { for (var i = 0; i < events.length; ++i) { var e = events[i]; " + body + " } })"));
  }

  private void measure(String engine, int slices, int warmUps) throws Exception {
    subject.evaluate("""
        var events;
        function prepare() {
          events = [];
          for (var i = 0; i < %d; ++i) {
            events.push({id: "123", status: {code: "OK", message: "Everything is fine!"}, list: [1, 2, 3], "boolean": true, date: new Date()});
          }
        }
        prepare();""".formatted(CALLS));
    byte[] text = subject.evaluate("JSON.stringify(events[0])").getBytes(UTF_8);
    Event event = new Event("kafkaid", "topicName").key("key").header("header1", "header1-value").header("header2", "header2-value");
    List<Contender> contenders = List.of(
        ofScript(engine + "'s JSON.stringify", "JSON.stringify(e);"),
        ofScript("publishAsync, message only", "api.events.v1.publishAsync('kafkaid', 'topicName', e);"),
        ofScript("publishAsync", "api.events.v1.publishAsync('kafkaid', 'topicName', e, 'key', {header1: 'header1-value', header2: 'header2-value'});"),
        new Contender("Ringpost.publish, a prepared byte[]", () -> {
          for (int call = 0; call < CALLS; ++call) ringpost.publish(event.message(text));
        }));
    for (int round = -warmUps; round < slices; ++round) {
      for (int turn = 0; turn < contenders.size(); ++turn) measureSlice(contenders.get((turn + round + warmUps) % contenders.size()), round >= 0);
    }
    print(engine, contenders);
  }

  private void measureSlice(Contender contender, boolean isCounted) throws InterruptedException {
    subject.evaluate("prepare()");
    long cpuBegin = THREADS.getCurrentThreadCpuTime();
    long begin = System.nanoTime();
    contender.slice().run();
    long end = System.nanoTime();
    long cpuEnd = THREADS.getCurrentThreadCpuTime();
    if (isCounted) {
      contender.found().add((double) (end - begin) / CALLS);
      contender.cpu().add((double) (cpuEnd - cpuBegin) / CALLS);
    }
    while (!isEmpty()) Thread.sleep(1);
  }

  private boolean isEmpty() {
    return ringpost.instances().stream()
        .allMatch(state -> state.waitingEvents() == 0 && state.roomBytes() == state.lanes() * state.largestRoomBytes());
  }

  private static double quantile(List<Double> figures, double share) {
    double[] sorted = figures.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) (share * (sorted.length - 1))];
  }

  private static void print(String engine, List<Contender> contenders) {
    System.out.printf("Java %s, %s, %d processors; %d slices of %d calls each, in turns%n%n", System.getProperty("java.version"), engine,
        Runtime.getRuntime().availableProcessors(), contenders.get(0).found().size(), CALLS);
    System.out.println("| | call ns (median) | fastest tenth | slowest tenth | its thread's CPU ns |\n|---|---|---|---|---|");
    for (Contender contender : contenders) {
      System.out.printf("| %s | %.0f | %.0f | %.0f | %.0f |%n", contender.name(), quantile(contender.found(), 0.5), quantile(contender.found(), 0.1),
          quantile(contender.found(), 0.9), quantile(contender.cpu(), 0.5));
    }
    for (int which : new int[] {1, 2}) {
      System.out.printf("%n%s / JSON.stringify: **%.2f** (fastest tenths %.2f; CPU %.2f)%n", contenders.get(which).name(),
          quantile(contenders.get(which).found(), 0.5) / quantile(contenders.get(0).found(), 0.5),
          quantile(contenders.get(which).found(), 0.1) / quantile(contenders.get(0).found(), 0.1),
          quantile(contenders.get(which).cpu(), 0.5) / quantile(contenders.get(0).cpu(), 0.5));
    }
  }
}
