package io.ringpost.testing.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.ErrorCode;
import io.ringpost.RecordedEvent;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/scripts.md: its examples do what it says, and its errors are those that there are. */
public abstract class ScriptsPageCases {
  protected abstract Scripts scripts(Ringpost ringpost);

  private static String line(RecordedEvent event) {
    StringBuilder line = new StringBuilder(event.message() + " " + event.keyText());
    event.headers().forEach(header -> line.append(' ').append(header.name()).append('=').append(header.text()));
    return line.toString();
  }

  @Test
  void itsExamplesRun() throws Exception {
    Recording recording = Ringpost.recording();
    Scripts scripts = scripts(recording);
    scripts.evaluate("var logged = []; function log(text) { logged.push(text); }");
    for (String example : new Page("docs/scripts.md").blocks("js")) scripts.evaluate(example);
    assertEquals(List.of(
        "{\"id\":\"123\",\"status\":\"paid\"} 123 source=shop",
        "{\"id\":17,\"lines\":[{\"sku\":\"A-1\",\"count\":2}],\"total\":12.5,\"placed\":\"1970-01-01T00:00:00.000Z\"} 17 attempt=1 tags=new tags=web note=null",
        "{\"id\":\"18\"} null"), recording.events().stream().map(ScriptsPageCases::line).toList());
    assertEquals("INVALID_JSON: no total yet", scripts.evaluate("logged.join()"));
  }

  @Test
  void theErrorsThatItListsAreTheErrorsThatThereAre() throws Exception {
    String page = new Page("docs/scripts.md").text();
    Matcher rows = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\| (\\d+) \\| (yes|no) \\|").matcher(page);
    int found = 0;
    for (; rows.find(); ++found) {
      ErrorCode code = ErrorCode.valueOf(rows.group(1));
      assertEquals(code.status(), Integer.parseInt(rows.group(2)), code.name());
      assertEquals(code.retryable(), rows.group(3).equals("yes"), code.name());
    }
    assertEquals(ErrorCode.values().length, found);
    assertTrue(page.contains("throws if and only if nothing was enqueued"));
  }
}
