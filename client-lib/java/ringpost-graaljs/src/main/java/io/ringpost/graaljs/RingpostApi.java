package io.ringpost.graaljs;

import io.ringpost.Ringpost;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.PolyglotException;
import org.graalvm.polyglot.Source;
import org.graalvm.polyglot.Value;
import org.graalvm.polyglot.proxy.ProxyArray;
import org.graalvm.polyglot.proxy.ProxyExecutable;
import org.graalvm.polyglot.proxy.ProxyHashMap;
import org.graalvm.polyglot.proxy.ProxyInstant;
import org.graalvm.polyglot.proxy.ProxyIterable;
import org.graalvm.polyglot.proxy.ProxyIterator;
import org.graalvm.polyglot.proxy.ProxyObject;

/**
 * Gives scripts {@code api.events.v1.publishAsync(kafkaId, topic, message, key, headers)}. It is frozen, has no prototype, and leads to no
 * object of Java's, whatever access to the host the context has; it needs none ({@link org.graalvm.polyglot.HostAccess#NONE}). Each thread
 * has a context of its own, as GraalJS wants it; all contexts may share an engine and one {@link Ringpost}.
 *
 * <pre>{@code
 * try (Context context = Context.newBuilder("js").engine(engine).allowHostAccess(HostAccess.NONE).build()) {
 *   RingpostApi.install(context, ringpost);
 *   context.eval("js", "api.events.v1.publishAsync('kafkaid', 'orders', {id: 123}, '123')");
 * }
 * }</pre>
 */
public final class RingpostApi {
  private static final String LANGUAGE = "js";
  /** Internal: its frames are not in a script's stack, which so begins at the script's own line. */
  private static final Source SOURCE = source("publish_async.js");
  private static final Source DEFINE = Source.newBuilder(LANGUAGE,
      "(function (api) { 'use strict'; Object.defineProperty(globalThis, 'api', {__proto__: null, value: api, enumerable: true}); })",
      "install.js").internal(true).buildLiteral();
  /** Nobody else has it: who shows it is this class. */
  private static final Object SECRET = new Object();
  private static final ProxyExecutable IS_SECRET = arguments -> arguments[0].isHostObject() && arguments[0].asHostObject() == SECRET;
  private static final ProxyExecutable CONVERT = arguments -> Conversion.of(arguments[0], arguments[1], arguments[2]);
  /** One of each kind that the engine has a prototype for. */
  private static final List<Object> FOREIGNERS = List.of(
      ProxyObject.fromMap(Map.of()), ProxyArray.fromArray(), ProxyInstant.from(Instant.EPOCH), ProxyHashMap.from(Map.of()),
      ProxyIterable.from(List.of()), ProxyIterator.from(List.of().iterator()), new Throwable("", null, false, false) {}, IS_SECRET);

  private RingpostApi() {}

  /**
   * Defines the global constant {@code api}, before any script runs in the context: what scripts do later changes nothing, and none can
   * take it away from the next one.
   */
  public static void install(Context context, Ringpost ringpost) {
    context.eval(DEFINE).executeVoid(create(context, ringpost));
  }

  /** {@code {events: {v1: {publishAsync}}}}, for hosts that have an {@code api} of their own; `context` as above. */
  public static Value create(Context context, Ringpost ringpost) {
    Value inner = bootstrap(context).execute(SECRET, IS_SECRET, CONVERT, ProxyArray.fromList(new ArrayList<>(FOREIGNERS)));
    if (inner.isNull()) throw new IllegalStateException("RingpostApi needs GraalJS's option js.foreign-object-prototype, which is on by default");
    return inner.getMember("makeApi").execute(new Publishing(ringpost, inner.getMember("describe")).functions());
  }

  private static Value bootstrap(Context context) {
    try {
      return context.eval(SOURCE);
    } catch (PolyglotException error) {
      if (!error.isSyntaxError()) throw error;
      throw new IllegalStateException("RingpostApi needs ECMAScript 2020 or later; js.nashorn-compat makes it 5 where js.ecmascript-version "
          + "does not say otherwise", error);
    }
  }

  private static Source source(String name) {
    try (Reader reader = new InputStreamReader(RingpostApi.class.getResourceAsStream(name), StandardCharsets.UTF_8)) {
      return Source.newBuilder(LANGUAGE, reader, name).internal(true).build();
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
