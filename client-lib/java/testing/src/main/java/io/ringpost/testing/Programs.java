package io.ringpost.testing;

import java.nio.file.Files;
import java.nio.file.Path;

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

  /** The Java that runs this test. */
  public static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }
}
