package io.ringpost.bench;

import io.ringpost.Ringpost;
import org.openjdk.jmh.annotations.Benchmark;

/** The page's call in a script, and its peer, the engine's own JSON.stringify of the same objects, which are made before. */
public abstract class ScriptCalls extends Calls {
  private Runnable stringify;
  private Runnable publishMessage;
  private Runnable publish;

  /** An engine with `api` and no more. */
  abstract void install(Ringpost ringpost);

  /** What evaluates to a function, made ready to be called without arguments. */
  abstract Runnable function(String source);

  @Override
  final void prepare(Ringpost ringpost) {
    install(ringpost);
    stringify = loop("JSON.stringify(event)");
    publishMessage = loop("api.events.v1.publishAsync('kafkaid', 'topicName', event)");
    publish = loop("api.events.v1.publishAsync('kafkaid', 'topicName', event, 'key', {header1: 'header1-value', header2: 'header2-value'})");
  }

  /** The last one's result is kept where the engine can't know that nobody reads it. */
  private Runnable loop(String call) {
    return function("""
        (function () {
          var events = [];
          for (var i = 0; i < %d; ++i) {
            events.push({id: "123", status: {code: "OK", message: "Everything is fine!"}, list: [1, 2, 3], "boolean": true, date: new Date()});
          }
          var last;
          return function () {
            for (var i = 0; i < events.length; ++i) {
              var event = events[i];
              last = %s;
            }
          };
        })()""".formatted(CALLS, call));
  }

  @Benchmark
  public void stringify() {
    stringify.run();
  }

  @Benchmark
  public void publishMessage() {
    publishMessage.run();
    published(CALLS);
  }

  @Benchmark
  public void publish() {
    publish.run();
    published(CALLS);
  }
}
