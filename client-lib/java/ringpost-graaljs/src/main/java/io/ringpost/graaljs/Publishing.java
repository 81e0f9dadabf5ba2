package io.ringpost.graaljs;

import io.ringpost.PublishException;
import io.ringpost.Ringpost;
import io.ringpost.script.ScriptEvent;
import java.util.Map;
import org.graalvm.polyglot.PolyglotException;
import org.graalvm.polyglot.Value;
import org.graalvm.polyglot.proxy.ProxyArray;
import org.graalvm.polyglot.proxy.ProxyExecutable;
import org.graalvm.polyglot.proxy.ProxyObject;

/** What publish_async.js calls. An exception of ours that leaves these goes no further than its `catch`. */
final class Publishing {
  private final Ringpost ringpost;
  private final Values values;

  Publishing(Ringpost ringpost, Value describe) {
    this.ringpost = ringpost;
    this.values = new Values(describe);
  }

  ProxyObject functions() {
    return ProxyObject.fromMap(Map.of("publish", (ProxyExecutable) this::publish, "publishLookedAt", (ProxyExecutable) this::publishLookedAt,
        "refuse", (ProxyExecutable) this::refuse, "refuseValue", (ProxyExecutable) this::refuseValue));
  }

  /**
   * (kafkaId, topic, text, key), or with (headers, isPlain). Null: it was published. Else the event, which is to be serialised again, with
   * an eye on its numbers.
   */
  private Object publish(Value... arguments) {
    ScriptEvent event = read(arguments);
    if (!arguments[2].isString()) throw new NoText();
    String json = arguments[2].asString();
    if (LargeNumbers.mayBeIn(json)) return event;
    event.publish(ringpost, json);
    return null;
  }

  /** (event, text) */
  private Object publishLookedAt(Value... arguments) {
    if (!arguments[1].isString()) throw new NoText();
    arguments[0].<ScriptEvent>asHostObject().publish(ringpost, arguments[1].asString());
    return null;
  }

  private ScriptEvent read(Value[] arguments) {
    String kafkaId = Values.string(arguments[0]);
    String topic = Values.string(arguments[1]);
    ScriptEvent event = new ScriptEvent(kafkaId, topic);
    if (kafkaId == null || topic == null) event.refuseNames(values.kind(arguments[0]), values.kind(arguments[1]));
    try {
      values.readKey(event, arguments[3]);
      if (arguments.length > 4) new Headers(values, event).read(arguments[4], arguments[5].asBoolean());
    } catch (PublishException | PolyglotException thrown) {
      throw thrown;
    } catch (RuntimeException ofTheHosts) {
      throw event.unreadable(ofTheHosts);
    }
    return event;
  }

  /**
   * (isSerialising, isTooDeep, thrown, kafkaId, topic, message): message, code, retryable and status of the error, and whether what was
   * thrown is its cause.
   */
  private Object refuse(Value... arguments) {
    Value thrown = arguments[2];
    Object host = thrown.isHostObject() ? thrown.asHostObject() : null;
    if (host instanceof PublishException refused) return fields(refused, false);
    ScriptEvent event = new ScriptEvent(Values.string(arguments[3]), Values.string(arguments[4]));
    if (host instanceof NoText) return fields(event.noText(values.kind(arguments[5])), false);
    if (host instanceof StackOverflowError) return fields(event.unfit("the stack of this thread is used up"), false);
    if (arguments[1].asBoolean()) {
      return fields(event.noJson("the message is nested too deeply for the engine or the stack of this thread", null), true);
    }
    return fields(arguments[0].asBoolean() ? event.unserialisable(null) : event.unreadable(null), host == null);
  }

  /** (kafkaId, topic, path, why): as above, for a Java value that has no JSON form. */
  private Object refuseValue(Value... arguments) {
    ScriptEvent event = new ScriptEvent(Values.string(arguments[0]), Values.string(arguments[1]));
    return fields(event.noJsonAt(arguments[2].asString(), arguments[3].asString()), false);
  }

  private static ProxyArray fields(PublishException refused, boolean hasCause) {
    GraalErrors.remember(refused);
    return ProxyArray.fromArray(refused.getMessage(), refused.code().name(), refused.retryable(), refused.status(), hasCause);
  }

  /** JSON.stringify gave undefined. */
  private static final class NoText extends RuntimeException {
    private static final long serialVersionUID = 1;

    NoText() {
      super(null, null, false, false);
    }
  }
}
