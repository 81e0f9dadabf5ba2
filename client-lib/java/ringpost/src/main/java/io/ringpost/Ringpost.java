package io.ringpost;

import io.ringpost.script.Refusal;
import java.util.List;
import java.util.function.Consumer;

/**
 * A handle on ringpostd. Any number of threads may publish through it at once.
 *
 * <p>{@link #open()} is for production, {@link #disabled()} for a deployment where publishing is switched off, and
 * {@link #recording()} for unit tests and machines without Linux. Close it once, when the application ends; what was accepted is not
 * lost by that, nor by the end of the process.
 */
public abstract class Ringpost implements AutoCloseable {
  /** Not for applications: the three of {@link #open()}, {@link #disabled()} and {@link #recording()} are all there are. */
  Ringpost() {}

  /** As {@link #open(Options)}, with the defaults. */
  public static Ringpost open() {
    return open(new Options());
  }

  /**
   * Connects to the daemon, and returns when events can be published or the time for that is over.
   *
   * @throws DaemonUnavailableException nobody answers, or there is no native library for this machine; the message says what was
   *     tried
   * @throws PublishException {@link ErrorCode#DENIED}, {@link ErrorCode#INVALID_ARGUMENT}
   */
  public static Ringpost open(Options options) {
    if (options == null) throw PublishException.of(ErrorCode.INVALID_ARGUMENT, "open: the options are null", null);
    return NativeRingpost.connect(options);
  }

  /** A deployment without the licence: every publish throws {@link ErrorCode#DISABLED}. Needs no daemon and no Linux. */
  public static Ringpost disabled() {
    return new Disabled();
  }

  /** For unit tests: the same checks and codes as with a daemon, and what was accepted can be looked at. Needs no Linux. */
  public static Recording recording() {
    return new Recording();
  }

  /**
   * For hosts that publish when their transaction has committed: a publish on this handle checks the event and gives a copy of it to
   * `later`, which publishes it on `target` when it is time. What the daemon alone knows (room, the topics there are) shows only then; all else is
   * thrown at once. Closing it leaves `target` open.
   */
  public static Ringpost deferring(Ringpost target, Consumer<Event> later) {
    return target instanceof Disabled ? target : new Deferring(target, later);
  }

  /**
   * Hands an event to the daemon. Never waits: it returns when the event is in memory that outlives this process, which may end in
   * the next statement, by whatever means. It throws if and only if nothing was enqueued.
   *
   * @throws PublishException with its {@link PublishException#code() code}
   * @throws IllegalStateException the handle was closed
   */
  public abstract void publish(Event event);

  /** Looks at each instance that is configured, without publishing. Not for every call: it takes a lock. None when closed. */
  public abstract List<InstanceState> instances();

  /** May be called again, and while others publish: their calls have ended when it returns, or throw. Does not wait for Kafka. */
  @Override
  public abstract void close();

  static IllegalStateException closed(Event event) {
    return new IllegalStateException(
        "publishAsync(" + Refusal.quoted(event.kafkaId) + ", " + Refusal.quoted(event.topic)
            + "): this Ringpost was closed; Ringpost.open() makes another one. The event was not queued.");
  }

  private static final class Disabled extends Ringpost {
    @Override
    public void publish(Event event) {
      throw Refusal.of(event == null ? null : event.kafkaId, event == null ? null : event.topic, ErrorCode.DISABLED,
          "publishing is switched off for this deployment; ask the administrator", null);
    }

    @Override
    public List<InstanceState> instances() {
      return List.of();
    }

    @Override
    public void close() {}
  }
}
