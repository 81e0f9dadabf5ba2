package io.ringpost.rhino;

import io.ringpost.PublishException;
import io.ringpost.Ringpost;
import io.ringpost.script.ScriptEvent;
import java.util.Set;
import org.mozilla.javascript.BaseFunction;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.NativeArray;
import org.mozilla.javascript.NativeJSON;
import org.mozilla.javascript.NativeObject;
import org.mozilla.javascript.RhinoException;
import org.mozilla.javascript.ScriptRuntime;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.Undefined;

/**
 * The function. First everything in which code of the script's may run (getters, toJSON), then the publish, in which none does: a script
 * that publishes inside toJSON, or is cut off there, meets nothing half done.
 */
final class PublishAsync extends BaseFunction {
  private static final long serialVersionUID = 1;
  /** What JSON.stringify would make {} or a list of numbers of, without a word; beside typed arrays. */
  private static final Set<String> NO_JSON = Set.of("Map", "Set", "WeakMap", "WeakSet", "ArrayBuffer", "DataView");

  private final transient Realm realm;
  private final transient Ringpost ringpost;

  /** Without prototype and parent: nothing can be reached through it. */
  PublishAsync(Realm realm, Ringpost ringpost) {
    this.realm = realm;
    this.ringpost = ringpost;
    setPrototype(null);
    setParentScope(null);
  }

  @Override
  public String getFunctionName() {
    return "publishAsync";
  }

  @Override
  public int getArity() {
    return 5;
  }

  @Override
  public int getLength() {
    return 5;
  }

  @Override
  public Object call(Context context, Scriptable scope, Scriptable thisObject, Object[] arguments) {
    try {
      publish(context, arguments);
      return Undefined.instance;
    } catch (PublishException refused) {
      throw RhinoErrors.javaScript(context, realm, refused);
    }
  }

  @Override
  public Scriptable construct(Context context, Scriptable scope, Object[] arguments) {
    throw ScriptRuntime.constructError("TypeError", "publishAsync is no constructor");
  }

  private static Object argument(Object[] arguments, int at) {
    return at < arguments.length ? arguments[at] : Undefined.instance;
  }

  private void publish(Context context, Object[] arguments) {
    Object kafkaId = argument(arguments, 0);
    Object topic = argument(arguments, 1);
    String kafkaIdText = Values.string(kafkaId);
    String topicText = Values.string(topic);
    ScriptEvent event = new ScriptEvent(kafkaIdText, topicText);
    if (kafkaIdText == null || topicText == null) event.refuseNames(Values.kind(kafkaId), Values.kind(topic));
    try {
      readKey(event, argument(arguments, 3));
      new Headers(context, realm, event).read(argument(arguments, 4));
    } catch (RuntimeException | StackOverflowError thrown) {
      if (!isOfTheArguments(thrown)) throw thrown;
      throw event.unreadable(thrown);
    }
    event.publish(ringpost, text(context, event, argument(arguments, 2)));
  }

  private static void readKey(ScriptEvent event, Object key) {
    if (key instanceof String text) {
      event.key(text, "");
      return;
    }
    Object value = Values.unwrapped(key);
    if (value == null || Undefined.isUndefined(value)) return;
    byte[] bytes = Values.bytes(value);
    event.key(bytes != null ? bytes : value instanceof Scriptable || value instanceof Boolean ? new Object() : value, Values.kind(value));
  }

  private String text(Context context, ScriptEvent event, Object message) {
    Object text;
    try {
      if (message instanceof Scriptable object && !(object instanceof NativeObject) && !(object instanceof NativeArray)) {
        refuseNoJson(object);
      }
      text = NativeJSON.stringify(context, realm.scope, message, new Replacer(event), null);
    } catch (RuntimeException thrown) {
      if (!isOfTheArguments(thrown)) throw thrown;
      throw event.unserialisable(thrown);
    } catch (StackOverflowError thrown) {
      throw event.noJson("the message is nested too deeply for the stack of this thread", null);
    }
    if (text instanceof CharSequence) return text.toString();
    throw event.noText(Values.kind(message));
  }

  /** What the script threw, the engine, or a collection of the host's. Not ours, and not what a host cuts a script off with. */
  private static boolean isOfTheArguments(Throwable thrown) {
    return thrown instanceof RhinoException || thrown.getClass().getName().startsWith("java.");
  }

  private static void refuseNoJson(Scriptable object) {
    if (NO_JSON.contains(object.getClassName()) || Values.isTypedArray(object)) {
      throw ScriptRuntime.constructError("TypeError", "a Map, a Set and bytes are no JSON; convert it first");
    }
  }
}
