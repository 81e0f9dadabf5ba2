package io.ringpost.rhino;

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
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Function;
import org.mozilla.javascript.ScriptableObject;

/**
 * What a call costs, beside Rhino's JSON.stringify alone: client-lib/java/bench/run. In turns, in one JVM, on the page's example;
 * objects are made before the clock starts. Prints Markdown; no time is judged. The CPU time of the calling thread is what other programs on
 * the machine disturb least.
 */
final class Bench {
  private static final int CALLS = 2000;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private record Contender(String name, Slice slice, List<Double> found, List<Double> cpu) {}

  private interface Slice {
    void run(Context context);
  }

  private Bench() {}

  /** SLICES WARM_UPS */
  public static void main(String[] words) throws Exception {
    int slices = Integer.parseInt(words[0]);
    int warmUps = Integer.parseInt(words[1]);
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC); Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      measure(new RhinoScripts(ringpost, 9, Context.VERSION_ES6), ringpost, slices, warmUps);
    }
  }

  private static Contender ofScript(RhinoScripts scripts, String name, String body) {
    Function function = (Function) scripts.valueOf("(function (events) { for (var i = 0; i < events.length; ++i) { var e = events[i]; " + body + " } })");
    return new Contender(name, context -> function.call(context, scripts.scope, scripts.scope,
        new Object[] {ScriptableObject.getProperty(scripts.scope, "events")}), new ArrayList<>(), new ArrayList<>());
  }

  private static void measure(RhinoScripts scripts, Ringpost ringpost, int slices, int warmUps) throws Exception {
    scripts.evaluate("""
        function prepare() {
          events = [];
          for (var i = 0; i < %d; ++i) {
            events.push({id: "123", status: {code: "OK", message: "Everything is fine!"}, list: [1, 2, 3], "boolean": true, date: new Date()});
          }
        }
        prepare();""".formatted(CALLS));
    byte[] text = scripts.evaluate("JSON.stringify(events[0])").getBytes(UTF_8);
    Event event = new Event("kafkaid", "topicName").key("key").header("header1", "header1-value").header("header2", "header2-value");
    List<Contender> contenders = List.of(
        ofScript(scripts, "Rhino's JSON.stringify", "JSON.stringify(e);"),
        ofScript(scripts, "publishAsync, message only", "api.events.v1.publishAsync('kafkaid', 'topicName', e);"),
        ofScript(scripts, "publishAsync", "api.events.v1.publishAsync('kafkaid', 'topicName', e, 'key', {header1: 'header1-value', header2: 'header2-value'});"),
        new Contender("Ringpost.publish, a prepared byte[]", context -> {
          for (int call = 0; call < CALLS; ++call) ringpost.publish(event.message(text));
        }, new ArrayList<>(), new ArrayList<>()));
    for (int round = -warmUps; round < slices; ++round) {
      for (int turn = 0; turn < contenders.size(); ++turn) {
        Contender contender = contenders.get((turn + round + warmUps) % contenders.size());
        scripts.evaluate("prepare()");
        long[] ns = scripts.within(context -> {
          long cpuBegin = THREADS.getCurrentThreadCpuTime();
          long begin = System.nanoTime();
          contender.slice().run(context);
          return new long[] {System.nanoTime() - begin, THREADS.getCurrentThreadCpuTime() - cpuBegin};
        });
        if (round >= 0) {
          contender.found().add((double) ns[0] / CALLS);
          contender.cpu().add((double) ns[1] / CALLS);
        }
        while (!isEmpty(ringpost)) Thread.sleep(1);
      }
    }
    print(contenders);
  }

  private static boolean isEmpty(Ringpost ringpost) {
    return ringpost.instances().stream()
        .allMatch(state -> state.waitingEvents() == 0 && state.roomBytes() == state.lanes() * state.largestRoomBytes());
  }

  private static double quantile(List<Double> figures, double share) {
    double[] sorted = figures.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[(int) (share * (sorted.length - 1))];
  }

  private static void print(List<Contender> contenders) {
    System.out.printf("Java %s, Rhino %s, %d processors; %d slices of %d calls each, in turns%n%n", System.getProperty("java.version"),
        Arrays.stream(System.getProperty("java.class.path").split(":")).filter(jar -> jar.contains("/rhino-")).findFirst()
            .map(jar -> jar.replaceAll(".*/rhino-|\\.jar", "")).orElse("?"),
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
