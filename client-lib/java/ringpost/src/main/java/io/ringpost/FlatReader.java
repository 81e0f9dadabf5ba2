package io.ringpost;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads what {@link Encoder} wrote, as client-lib/flat_event.cpp does. */
final class FlatReader {
  private final Encoder encoder;
  private int at;

  FlatReader(Encoder encoder) {
    this.encoder = encoder;
  }

  RecordedEvent read() {
    String kafkaId = name();
    String topic = name();
    byte[] key = value();
    List<RecordedEvent.Header> headers = new ArrayList<>();
    while (at != encoder.eventEnd) headers.add(new RecordedEvent.Header(name(), value()));
    byte[] text = Arrays.copyOfRange(encoder.text, encoder.textBegin, encoder.textEnd);
    return new RecordedEvent(kafkaId, topic, new String(text, StandardCharsets.UTF_8), key, headers);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private String name() {
    String name = new String(sized(), StandardCharsets.UTF_8);
    ++at;
    return name;
  }

  private byte[] value() {
    return encoder.bytes[at++] == 0 ? null : sized();
  }

  private byte[] sized() {
    int size = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = encoder.bytes[at++];
      size |= (next & 0x7f) << shift;
      if (next >= 0) break;
    }
    at += size;
    return Arrays.copyOfRange(encoder.bytes, at - size, at);
  }
}
