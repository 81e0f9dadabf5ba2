package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.testing.Child;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import io.ringpost.testing.Waiting;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Where the native library is looked for, what is said where there is none, and that it goes with its class loader. */
class LibraryTest {
  private static final Path BUILT = Programs.build().resolve("java/native/" + LibrarySearch.platform() + "/libringpost_jni.so");

  /** What open() says in a JVM of its own without a daemon: which library it has, or why it has none. */
  private static String opened(String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(Programs.java(), "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.ringpost.LibraryTest$Opener"));
    Child child = Child.run(command);
    assertEquals(0, child.ended(), child.errors());
    return child.output();
  }

  static final class Opener {
    public static void main(String[] words) throws IOException {
      try {
        Ringpost.open(new Options().socketPath("/nobody").connectTimeout(Duration.ofMillis(1)));
      } catch (DaemonUnavailableException error) {
        System.out.println(error.getMessage());
      }
      Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> line.contains("ringpost_jni")).forEach(System.out::println);
    }
  }

  @Test
  void thePropertyComesFirstThenThePathThenTheJar() throws Exception {
    Path folder = Files.createTempDirectory("ringpost-");
    Path named = Files.copy(BUILT, folder.resolve("named_ringpost_jni.so"));
    Path onPath = Files.copy(BUILT, folder.resolve("libringpost_jni.so"));
    String library = "-D" + LibrarySearch.PROPERTY + "=";
    String path = "-Djava.library.path=/nowhere:" + folder;
    assertTrue(opened(library + named, path).contains(named.toString()));
    assertTrue(opened(path).contains(onPath.toString()));
    assertTrue(opened(library + folder + "/missing.so", path).contains(onPath.toString()));
    String ofTheJar = opened("-Djava.io.tmpdir=" + folder);
    assertTrue(ofTheJar.contains(folder + "/ringpost-"), ofTheJar);
    assertTrue(ofTheJar.contains("libringpost_jni.so (deleted)"), ofTheJar);
    Files.delete(named);
    Files.delete(onPath);
    Files.delete(folder);  // nothing else is left in it
  }

  @Test
  void withoutALibraryTheErrorListsWhatWasTried() throws Exception {
    Path folder = Files.createTempDirectory("ringpost-");
    Path text = Files.writeString(folder.resolve("text.so"), "no library");
    String library = "-D" + LibrarySearch.PROPERTY + "=";
    String said = opened(library + text, "-Djava.library.path=/nowhere", "-Djava.io.tmpdir=/nowhere");
    assertTrue(said.startsWith("open: no native library for linux-"), said);
    assertTrue(said.contains("-Dringpost.library: " + text), said);
    assertTrue(said.contains("java.library.path: there is no libringpost_jni.so in /nowhere"), said);
    assertTrue(said.contains("the jar's own: ") && said.contains("-Djava.io.tmpdir names another folder"), said);
    said = opened("-Djava.io.tmpdir=/nowhere", "-Dos.arch=sparc");
    assertTrue(said.contains("-Dringpost.library: not set"), said);
    assertTrue(said.contains("it has none for this platform (native/linux-sparc/libringpost_jni.so)"), said);
    Files.delete(text);
    Files.delete(folder);
  }

  private static long mappings() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.filter(line -> line.contains("ringpost_jni") && line.contains(" r-xp ")).count();
    }
  }

  /** As an application server deploys it: in a class loader of its own, which then goes. */
  private static void deploy(URL jar, String socket, boolean closes) throws Exception {
    try (URLClassLoader loader = new URLClassLoader(new URL[] {jar}, ClassLoader.getPlatformClassLoader())) {
      Class<?> options = loader.loadClass("io.ringpost.Options");
      Class<?> event = loader.loadClass("io.ringpost.Event");
      Class<?> type = loader.loadClass("io.ringpost.Ringpost");
      assertNotEquals(Ringpost.class, type);
      Object withPath = options.getMethod("socketPath", String.class).invoke(options.getConstructor().newInstance(), socket);
      Object ringpost = type.getMethod("open", options).invoke(null, withPath);
      Object one = event.getConstructor(String.class, String.class).newInstance("kafkaid", "topicName");
      type.getMethod("publish", event).invoke(ringpost, event.getMethod("message", String.class).invoke(one, "1"));
      if (closes) type.getMethod("close").invoke(ringpost);
    }
  }

  @Test
  void fiftyDeploymentsLeaveNothing() throws Exception {
    URL jar = Ringpost.class.getProtectionDomain().getCodeSource().getLocation();
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC);
        Ringpost here = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      for (int time = 0; time < 50; ++time) deploy(jar, daemon.socket(), time % 5 != 0);
      // Their class loaders are garbage, and with them go library, control thread and connection, also of those that were not closed.
      Waiting.until(() -> {
        System.gc();
        return mappings() <= 1 && daemon.status().clients() == 1;
      }, () -> "libraries or connections are left");
      here.publish(new Event("kafkaid", "topicName").message("1"));
      daemon.delivered(51);
      try (Stream<Path> left = Files.list(temporary)) {
        assertTrue(left.noneMatch(folder -> Files.exists(folder.resolve("libringpost_jni.so"))));
      }
    }
  }

  /** The same file for two class loaders, which the JVM refuses. */
  @Test
  void aNamedLibraryServesSeveralClassLoaders() throws Exception {
    URL jar = Ringpost.class.getProtectionDomain().getCodeSource().getLocation();
    System.setProperty(LibrarySearch.PROPERTY, BUILT.toString());
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      for (int time = 0; time < 3; ++time) deploy(jar, daemon.socket(), false);
      daemon.delivered(3);
    } finally {
      System.clearProperty(LibrarySearch.PROPERTY);
    }
  }
}
