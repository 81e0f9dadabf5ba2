package io.ringpost.rhino;

import io.ringpost.Options;
import io.ringpost.Ringpost;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs a script that is in a file, in a process of its own. */
final class RunScript {
  private RunScript() {}

  /** SOCKET FILE */
  public static void main(String[] words) throws Exception {
    try (Ringpost ringpost = Ringpost.open(new Options().socketPath(words[0]))) {
      new RhinoScripts(ringpost).evaluate(Files.readString(Path.of(words[1])));
    }
  }
}
