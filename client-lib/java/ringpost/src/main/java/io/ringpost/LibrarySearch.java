package io.ringpost;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Finds and loads the native library: the file that the system property {@code ringpost.library} names; else one on
 * {@code java.library.path}; else the jar's own, from a file that only this user can reach.
 *
 * <p>The JVM gives one file to one class loader only. So the jar's own is written to a fresh folder for each, and removed as soon as
 * it is loaded: nothing is left behind, however often an application is deployed again, and whatever ends it. What another
 * class loader has loaded already is copied the same way.
 */
final class LibrarySearch {
  static final String PROPERTY = "ringpost.library";
  private static final String NAME = "ringpost_jni";
  private static final String FILE = "libringpost_jni.so";

  private final Runnable check;
  private final List<String> tried = new ArrayList<>();

  /** `check` throws an UnsatisfiedLinkError where what was loaded is of no use. */
  LibrarySearch(Runnable check) {
    this.check = check;
  }

  /** Throws an UnsatisfiedLinkError that says what was tried, and why it was not to be. */
  void load() {
    if (!loadNamed() && !loadFromPath() && !loadFromJar()) {
      throw new UnsatisfiedLinkError("no native library for " + platform() + ": " + String.join("; ", tried));
    }
  }

  private boolean loadNamed() {
    String named = System.getProperty(PROPERTY);
    if (named == null) {
      tried.add("-D" + PROPERTY + ": not set");
      return false;
    }
    return loadFile("-D" + PROPERTY, Path.of(named).toAbsolutePath());
  }

  private boolean loadFromPath() {
    String path = System.getProperty("java.library.path", "");
    for (String folder : path.split(":")) {
      Path file = Path.of(folder, FILE).toAbsolutePath();
      if (!folder.isEmpty() && Files.exists(file)) return loadFile("java.library.path", file);
    }
    tried.add("java.library.path: there is no " + FILE + " in " + path);
    return false;
  }

  private boolean loadFile(String where, Path file) {
    try {
      loadAndCheck(file);
      return true;
    } catch (UnsatisfiedLinkError error) {
      if (!isAnotherLoaders(error)) return failed(where, file, error);
    }
    try {
      return loadCopy(where + ", a copy of " + file, Files.readAllBytes(file));
    } catch (IOException error) {
      return failed(where, file, error);
    }
  }

  private boolean loadFromJar() {
    String resource = "native/" + platform() + "/" + FILE;
    try (InputStream stream = LibrarySearch.class.getResourceAsStream(resource)) {
      if (stream != null) return loadCopy("the jar's own", stream.readAllBytes());
      tried.add("the jar's own: it has none for this platform (" + resource + ")");
    } catch (IOException error) {
      tried.add("the jar's own: " + error);
    }
    return false;
  }

  /** From a file in a folder of its own, which only this user can enter; both are gone afterwards. */
  private boolean loadCopy(String where, byte[] library) {
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    Path folder = null;
    try {
      folder = Files.createTempDirectory(temporary, "ringpost-",
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Path file = folder.resolve(FILE);
      Files.write(file, library);
      if (!Arrays.equals(Files.readAllBytes(file), library)) throw new IOException(file + " is not what was written to it");
      loadAndCheck(file);
      return true;
    } catch (IOException | UnsupportedOperationException | UnsatisfiedLinkError error) {
      return failed(where, folder != null ? folder : temporary, error);
    } finally {
      if (folder != null) remove(folder);
    }
  }

  @SuppressWarnings("restricted") // since Java 24: hosts say --enable-native-access
  private void loadAndCheck(Path file) {
    System.load(file.toString());
    check.run();
  }

  private static boolean isAnotherLoaders(UnsatisfiedLinkError error) {
    return String.valueOf(error.getMessage()).contains("already loaded in another classloader");
  }

  private boolean failed(String where, Path place, Throwable why) {
    String text = why instanceof IOException ? why.toString() : String.valueOf(why.getMessage());
    String advice = "";
    if (text.contains("failed to map segment")) advice = " (is " + place + " on a file system that is mounted noexec?)";
    if (why instanceof IOException) advice = " (-Djava.io.tmpdir names another folder)";
    tried.add(where + ": " + (text.contains(place.toString()) ? "" : place + ": ") + text + advice);
    return false;
  }

  private static void remove(Path folder) {
    try {
      Files.deleteIfExists(folder.resolve(FILE));
      Files.deleteIfExists(folder);
    } catch (IOException ignored) {
      // It is in the folder for temporary files.
    }
  }

  /** As the jar's folders are named: linux-x86_64, linux-aarch64. */
  static String platform() {
    String architecture = System.getProperty("os.arch");
    return System.getProperty("os.name").toLowerCase(Locale.ROOT) + "-"
        + (architecture.equals("amd64") ? "x86_64" : architecture);
  }
}
