package io.ringpost.bench;

import io.ringpost.Options;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Calls that go to a ringpostd with a Kafka cluster inside, one of each fork's own. They are made {@link #CALLS} at a time, so many as its buffer
 * holds easily, and the next ones when all of these are delivered: JMH's clock stands still meanwhile. What is refused throws, which ends the run.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Calls.CALLS)
@Fork(3)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public abstract class Calls {
  static final int CALLS = 2000;

  private Daemon daemon;
  private Ringpost ringpost;
  private long published;

  /** Makes what is to be called. */
  abstract void prepare(Ringpost ringpost);

  /** So many calls are made, and none of them threw. */
  final void published(int calls) {
    published += calls;
  }

  @Setup(Level.Trial)
  public void start() throws Exception {
    daemon = Daemon.start(Daemon.ONE_TOPIC);
    ringpost = Ringpost.open(new Options().socketPath(daemon.socket()));
    prepare(ringpost);
  }

  @Setup(Level.Invocation)
  public void untilAllAreDelivered() throws InterruptedException {
    while (!isEmpty()) Thread.sleep(5);  // longer than it takes: to look makes garbage, which JMH counts
  }

  private boolean isEmpty() {
    return ringpost.instances().stream()
        .allMatch(state -> state.waitingEvents() == 0 && state.roomBytes() == state.lanes() * state.largestRoomBytes());
  }

  @TearDown(Level.Trial)
  public void stop() throws Exception {
    try (Daemon ended = daemon; Ringpost closed = ringpost) {
      daemon.delivered(published);
    }
  }
}
