package io.ringpost;

import io.ringpost.script.Refusal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** See {@link Ringpost#deferring}. */
final class Deferring extends Ringpost {
  private final Ringpost target;
  private final Consumer<Event> later;
  private volatile boolean closed;

  Deferring(Ringpost target, Consumer<Event> later) {
    this.target = target;
    this.later = later;
  }

  @Override
  public void publish(Event event) {
    if (closed) throw closed(event);
    Recording checks = Ringpost.recording();
    Map<String, InstanceState> known = new HashMap<>();
    for (InstanceState state : target.instances()) known.put(state.name(), state);
    if (!known.isEmpty()) {
      Map<String, List<String>> anyTopic = new HashMap<>();
      known.keySet().forEach(name -> anyTopic.put(name, List.of("*")));
      checks.withInstances(anyTopic);
    }
    InstanceState state = event == null ? null : known.get(event.kafkaId);
    if (state != null && state.maxEventBytes() > 0) checks.withMaxEventBytes((int) Math.min(Integer.MAX_VALUE, state.maxEventBytes()));
    RecordedEvent copy = checks.checked(event);
    if (state != null && state.refusedWith().isPresent() && !state.refusedWith().get().retryable()) {
      throw Refusal.of(copy.kafkaId(), copy.topic(), state.refusedWith().get(), "the instance takes no events of this user's now", null);
    }
    later.accept(eventOf(copy));
  }

  private static Event eventOf(RecordedEvent copy) {
    Event event = new Event(copy.kafkaId(), copy.topic()).checkedMessage(copy.message()).key(copy.key());
    for (RecordedEvent.Header header : copy.headers()) event.header(header.name(), header.value());
    return event;
  }

  @Override
  public List<InstanceState> instances() {
    return closed ? List.of() : target.instances();
  }

  @Override
  public void close() {
    closed = true;
  }
}
