package io.ringpost.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A program as a child of the test: what it wrote, how it ended. It ends with the test at the latest. */
public final class Child implements AutoCloseable {
  private final Process process;
  private final Collector output;
  private final Collector errors;
  private final Thread killer;

  /** Starts it, in a folder (null: the test's), with these variables beside the test's own. */
  public Child(List<String> command, Path folder, Map<String, String> environment) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    if (folder != null) builder.directory(folder.toFile());
    builder.environment().putAll(environment);
    process = builder.start();
    output = new Collector(process.getInputStream());
    errors = new Collector(process.getErrorStream());
    killer = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(killer);
  }

  /** Starts it where the test is. */
  public Child(List<String> command) throws IOException {
    this(command, null, Map.of());
  }

  /** Runs a program to its end. */
  public static Child run(List<String> command) throws IOException, InterruptedException {
    Child child = new Child(command);
    child.ended();
    return child;
  }

  /** Runs a program, which must succeed; gives what it printed. */
  public static String runWell(List<String> command) throws IOException, InterruptedException {
    Child child = run(command);
    int status = child.ended();
    if (status != 0) throw new AssertionError(command + " ended with " + status + ":\n" + child.output() + child.errors());
    return child.output();
  }

  /** The exit code; 128 and the signal's number where one ended it. */
  public int ended() throws IOException, InterruptedException {
    process.getOutputStream().close();
    int status = process.waitFor();
    output.finish();
    errors.finish();
    if (killer.getState() == Thread.State.NEW) {
      try {
        Runtime.getRuntime().removeShutdownHook(killer);
      } catch (IllegalStateException atExit) {
        // The test ends.
      }
    }
    return status;
  }

  /** KILL, STOP and so on. */
  public void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
  }

  public long pid() {
    return process.pid();
  }

  public boolean isRunning() {
    return process.isAlive();
  }

  /** What it has written so far. */
  public String output() {
    return output.text();
  }

  public String errors() {
    return errors.text();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.destroyForcibly();
    ended();
  }

  private static final class Collector {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Thread thread;

    Collector(InputStream from) {
      thread = new Thread(() -> copy(from, bytes));
      thread.setDaemon(true);
      thread.start();
    }

    private static void copy(InputStream from, OutputStream to) {
      try (from) {
        from.transferTo(to);
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    void finish() throws InterruptedException {
      thread.join();
    }

    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }
}
