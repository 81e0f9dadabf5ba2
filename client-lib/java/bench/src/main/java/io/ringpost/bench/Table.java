package io.ringpost.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Has JMH run the benchmarks of one class, and prints a row of Markdown for each; what JMH says meanwhile goes to stderr. */
public final class Table {
  private final String engine;
  private final Map<String, RunResult> results;

  private Table(String engine, Collection<RunResult> results) {
    this.engine = engine;
    this.results = results.stream().collect(Collectors.toMap(result -> result.getParams().getBenchmark().replaceAll(".*\\.", ""), result -> result));
  }

  /** CLASS ENGINE [JMH_OPTION...] */
  public static void main(String[] words) throws Exception {
    System.setProperty("jmh.ignoreLock", "true");  // a test of somebody else's that only shows that it runs must not fail
    Options options = new OptionsBuilder().parent(new CommandLineOptions(Arrays.copyOfRange(words, 2, words.length)))
        .include("\\." + words[0] + "\\.").addProfiler(GCProfiler.class).shouldFailOnError(true).build();
    Table table = new Table(words[1], new Runner(options, OutputFormatFactory.createFormatInstance(System.err, VerboseMode.NORMAL)).run());
    if (words[0].equals("JavaCalls")) {
      table.row("publish", "Ringpost.publish, a prepared byte[]", "");
    } else {
      double stringify = table.nanoseconds("stringify");
      table.row("stringify", "JSON.stringify", "");
      for (String publish : new String[] {"publishMessage", "publish"}) {
        table.row(publish, publish.equals("publish") ? "publishAsync" : "publishAsync, message only",
            String.format(Locale.ROOT, "%.2f", table.nanoseconds(publish) / stringify));
      }
    }
  }

  private double nanoseconds(String benchmark) {
    return figure(benchmark, results.get(benchmark).getPrimaryResult());
  }

  private static double figure(String benchmark, Result<?> result) {
    if (!(result.getScore() >= 0)) throw new IllegalStateException("JMH has no figure of " + benchmark + ": " + result);
    return result.getScore();
  }

  private void row(String benchmark, String name, String ratio) {
    double error = results.get(benchmark).getPrimaryResult().getScoreError();
    System.out.printf(Locale.ROOT, "| %s | %s | %.0f | %s | %s | %.0f |%n", engine, name, nanoseconds(benchmark),
        Double.isNaN(error) ? "" : String.format(Locale.ROOT, "%.0f", error), ratio,
        figure(benchmark, results.get(benchmark).getSecondaryResults().get("gc.alloc.rate.norm")));
  }
}
