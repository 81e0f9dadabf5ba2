package io.ringpost.testing.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringpost.testing.Child;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A page of the docs, whose examples run. */
public final class Page {
  private final String text;

  /** `path` is counted from the root of the tree. */
  public Page(String path) throws IOException {
    text = Files.readString(Programs.source(path));
  }

  public String text() {
    return text;
  }

  /** Its blocks of code in a language, in order. */
  public List<String> blocks(String language) {
    Matcher found = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(text);
    List<String> blocks = new ArrayList<>();
    while (found.find()) blocks.add(found.group(1));
    return blocks;
  }

  /** Runs those of its Java programs, each of which must end well; gives what each printed. */
  public List<String> runPrograms(Predicate<String> which, Daemon daemon) throws Exception {
    return runPrograms(which, daemon, Programs.java());
  }

  /** On that Java. */
  public List<String> runPrograms(Predicate<String> which, Daemon daemon, String java) throws Exception {
    List<String> outputs = new ArrayList<>();
    for (String program : blocks("java").stream().filter(which).toList()) {
      Path file = Files.writeString(daemon.folder().resolve("Program.java"), program);
      List<String> command = List.of(java, "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), file.toString());
      try (Child child = new Child(command, daemon.folder(), Map.of("RINGPOST_SOCKET", daemon.socket()))) {
        assertEquals(0, child.ended(), child.errors());
        outputs.add(child.output());
      }
    }
    return outputs;
  }
}
