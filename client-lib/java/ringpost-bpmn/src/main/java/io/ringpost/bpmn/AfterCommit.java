package io.ringpost.bpmn;

import io.ringpost.Event;
import io.ringpost.PublishException;
import io.ringpost.Ringpost;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Publishes what transactions have committed. What is refused then, and may be taken later, waits here, in order and in memory only; what
 * never will be, or finds no room here, is lost, counted and logged. Never throws.
 */
public final class AfterCommit implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AfterCommit.class.getName());
  private static final long PAUSE_MS = 20;

  private final Ringpost ringpost;
  private final int waitingMax;
  private final Deque<Event> waiting = new ArrayDeque<>();
  private Thread retrying;
  private long published;
  private long lost;
  private boolean closed;

  /** With room for so many events that wait. */
  public AfterCommit(Ringpost ringpost, int waitingMax) {
    this.ringpost = ringpost;
    this.waitingMax = waitingMax;
  }

  /** Publishes it now, or behind those that wait. */
  public synchronized void publish(Event event) {
    if (waiting.isEmpty() && isDone(event)) return;
    if (closed || waiting.size() >= waitingMax) {
      lose(closed ? "it can't be published now, and the engine is closed" : "there is no room for more than " + waitingMax + " events that wait");
      return;
    }
    waiting.add(event);
    if (retrying == null) {
      retrying = new Thread(this::retry, "ringpost-after-commit");
      retrying.setDaemon(true);
      retrying.start();
    }
  }

  /** False: it may be taken later. */
  private boolean isDone(Event event) {
    try {
      ringpost.publish(event);
      ++published;
    } catch (PublishException refused) {
      if (refused.retryable()) return false;
      lose(refused.getMessage());
    } catch (RuntimeException closedMeanwhile) {
      lose(closedMeanwhile.getMessage());
    }
    return true;
  }

  private void lose(String why) {
    ++lost;
    LOG.log(System.Logger.Level.ERROR, "an event of a committed transaction is lost: " + why);
  }

  private void retry() {
    for (;;) {
      synchronized (this) {
        while (!waiting.isEmpty() && isDone(waiting.peek())) waiting.remove();
        if (waiting.isEmpty() || closed) {
          retrying = null;
          return;
        }
      }
      try {
        Thread.sleep(PAUSE_MS);
      } catch (InterruptedException byClose) {
        // Then `closed` says so.
      }
    }
  }

  /** So many events have been handed over. */
  public synchronized long published() {
    return published;
  }

  /** So many wait. */
  public synchronized int waiting() {
    return waiting.size();
  }

  /** So many will never be published. */
  public synchronized long lost() {
    return lost;
  }

  /** Tries those that wait once more; what is left then is lost. */
  @Override
  public synchronized void close() {
    if (closed) return;
    closed = true;
    while (!waiting.isEmpty()) {
      Event event = waiting.remove();
      if (!isDone(event)) lose("the engine was closed while it waited");
    }
    if (retrying != null) retrying.interrupt();
  }
}
