package io.ringpost.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The programs of this build, and the sources. */
public final class Programs {
  private Programs() {}

  /** The folder of CMake's build: the system property {@code ringpost.build}. */
  public static Path build() {
    String folder = System.getProperty("ringpost.build");
    if (folder == null) throw new IllegalStateException("ringpost.build is not set: run the tests with ctest or Maven");
    return Path.of(folder).toAbsolutePath().normalize();
  }

  /** One of the programs that the build makes. */
  public static Path program(String name) {
    return build().resolve("bin").resolve(name);
  }

  /** Where a file of the source tree is, given its path from the root. */
  public static Path source(String path) {
    Path at = Path.of("").toAbsolutePath();
    while (at != null && !Files.exists(at.resolve("client-lib/ringpost.h"))) at = at.getParent();
    if (at == null) throw new IllegalStateException("run the tests inside the source tree");
    return at.resolve(path);
  }

  /** A JVM of this machine. */
  public record Jvm(String java, int release) {}

  /** Those that run our jars, whichever these are; 17 is always there. */
  public static List<Jvm> jvms() throws IOException, InterruptedException {
    List<Jvm> jvms = new ArrayList<>();
    try (Stream<Path> homes = Files.list(Path.of("/usr/lib/jvm"))) {
      for (Path home : homes.filter(home -> !Files.isSymbolicLink(home) && Files.isExecutable(home.resolve("bin/java"))).toList()) {
        String java = home.resolve("bin/java").toString();
        int release = Integer.parseInt(Child.run(List.of(java, "-version")).errors().replaceAll("(?s).*? version \"(\\d+).*", "$1"));
        if (release >= 17) jvms.add(new Jvm(java, release));
      }
    }
    if (jvms.isEmpty()) throw new AssertionError("there is no JVM in /usr/lib/jvm");
    return jvms;
  }

  /** The Java that runs this test. */
  public static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }
}
