package io.ringpost;

import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Events of every kind, most of them good, the others wrong in one place or several. */
final class RandomEvents {
  private static final String[] PIECES = {"", "a", "\u00e9", "\u20ac", "\ud83d\udc18", "\ud800", "\udc00", "\0", "\"", "ringpost-id", "K"};
  private static final String[] JSON = {"{", "}", "[", "]", ",", ":", "\"", "\\", "\\u00e9", "\\uD8", "0", "1", "-", ".", "e", "E+", "true",
      "fals", "null", " ", "\n", "\u0001", "\ufeff", "\u20ac", "\ud83d\udc18", "\ud800", "{\"a\":1}", "[1,2]", "\"text\"", "\0"};

  private RandomEvents() {}

  static Event next(Random random) {
    Event event = new Event(often(random) ? "kafkaid" : text(random, 70), often(random) ? topic(random) : text(random, 260));
    if (random.nextInt(3) > 0) event.key(text(random, 200));
    if (random.nextInt(4) == 0) event.key(bytes(random));
    for (int header = random.nextInt(3); header > 0; --header) {
      String name = often(random) ? "h" + header : text(random, 50);
      if (random.nextBoolean()) event.header(name, text(random, 100));
      else event.header(name, random.nextBoolean() ? bytes(random) : null);
    }
    return message(random, event);
  }

  private static boolean often(Random random) {
    return random.nextInt(10) > 0;
  }

  private static String topic(Random random) {
    return random.nextBoolean() ? "topicName" : "fuzz";
  }

  private static byte[] bytes(Random random) {
    byte[] bytes = new byte[random.nextInt(50)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Mostly without what makes it no text. */
  private static String text(Random random, int lengthMax) {
    boolean good = often(random);
    StringBuilder text = new StringBuilder();
    for (int length = random.nextInt(lengthMax); length > 0; --length) {
      String piece = PIECES[random.nextInt(good ? 5 : PIECES.length)];
      text.append(piece);
    }
    return text.toString();
  }

  private static Event message(Random random, Event event) {
    switch (random.nextInt(6)) {
      case 0:
        return event.message("\"" + text(random, 3000).replaceAll("[\0\"]", "") + "\"");
      case 1: {
        int depth = 1020 + random.nextInt(8);
        return event.message("[".repeat(depth) + "]".repeat(depth));
      }
      case 2: {
        byte[] json = pieces(random).getBytes(StandardCharsets.UTF_8);
        if (json.length > 0) json[random.nextInt(json.length)] = (byte) random.nextInt(256);
        return event.message(json);
      }
      case 3: {
        int units = random.nextInt(20) == 0 ? 65500 + random.nextInt(100) : random.nextInt(5000);
        String json = "\"" + "x".repeat(units) + "\"";
        return random.nextBoolean() ? event.message(json) : event.message(json.getBytes(StandardCharsets.UTF_8));
      }
      case 4:
        return event.message("{\"a\":[1,-0.5e3,true,null,\"" + text(random, 40).replaceAll("[\0\"]", "") + "\"]}");
      default:
        return event.message(pieces(random));
    }
  }

  private static String pieces(Random random) {
    StringBuilder json = new StringBuilder();
    for (int length = random.nextInt(12); length > 0; --length) json.append(JSON[random.nextInt(JSON.length)]);
    return json.toString();
  }
}
