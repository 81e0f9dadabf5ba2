package io.ringpost.bpmn.camunda;

import io.ringpost.Event;
import io.ringpost.Ringpost;
import io.ringpost.bpmn.AfterCommit;
import io.ringpost.bpmn.ScriptApi;
import java.util.Set;
import org.camunda.bpm.engine.delegate.VariableScope;
import org.camunda.bpm.engine.impl.cfg.AbstractProcessEnginePlugin;
import org.camunda.bpm.engine.impl.cfg.ProcessEngineConfigurationImpl;
import org.camunda.bpm.engine.impl.cfg.TransactionState;
import org.camunda.bpm.engine.impl.context.Context;
import org.camunda.bpm.engine.impl.interceptor.CommandContext;
import org.camunda.bpm.engine.impl.scripting.engine.Resolver;

/**
 * Gives the JavaScript of processes {@code api.events.v1.publishAsync(kafkaId, topic, message, key, headers)}: script tasks, listeners,
 * conditions, and whatever else the engine runs in GraalJS.
 *
 * <pre>{@code
 * configuration.getProcessEnginePlugins().add(new RingpostPlugin(ringpost));
 * }</pre>
 *
 * <p>An event is out of the process's hands when the call returns. A job that is tried again publishes again, and a rollback takes nothing back;
 * {@link #publishAfterCommit} says what to do about the second.
 */
public final class RingpostPlugin extends AbstractProcessEnginePlugin {
  private final Ringpost ringpost;
  private AfterCommit afterCommit;

  /** With a handle of its own on the daemon, which lasts as long as the JVM: for configuration files. */
  public RingpostPlugin() {
    this(Ringpost.open());
  }

  /** The handle stays the caller's, to close it after the engine. */
  public RingpostPlugin(Ringpost ringpost) {
    this.ringpost = ringpost;
  }

  /**
   * Checks events at the call, and publishes them when the transaction has committed; a rollback drops them. An event that is refused
   * then is tried again until it is taken; so many wait at the most, in memory. It is no transaction over both: a JVM that dies between the commit and the
   * publish loses the event.
   */
  public RingpostPlugin publishAfterCommit(int waitingMax) {
    afterCommit = new AfterCommit(ringpost, waitingMax);
    return this;
  }

  /** What waits, and what was lost; null without {@link #publishAfterCommit}. To be closed after the engine. */
  public AfterCommit afterCommit() {
    return afterCommit;
  }

  /** For configuration files: {@link #publishAfterCommit}. */
  public void setPublishAfterCommit(int waitingMax) {
    publishAfterCommit(waitingMax);
  }

  @Override
  public void postInit(ProcessEngineConfigurationImpl configuration) {
    Ringpost handle = afterCommit == null ? ringpost : Ringpost.deferring(ringpost, this::atCommit);
    ScriptApi api = new ScriptApi(handle);
    configuration.getResolverFactories().add((VariableScope scope) -> new OneVariable(api.value()));
    configuration.getEnvScriptResolvers().add(ScriptApi::environmentOf);
  }

  private void atCommit(Event event) {
    CommandContext command = Context.getCommandContext();
    if (command == null) afterCommit.publish(event);
    else command.getTransactionContext().addTransactionListener(TransactionState.COMMITTED, ignored -> afterCommit.publish(event));
  }

  private record OneVariable(Object value) implements Resolver {
    @Override
    public boolean containsKey(Object key) {
      return ScriptApi.VARIABLE.equals(key);
    }

    @Override
    public Object get(Object key) {
      return containsKey(key) ? value : null;
    }

    @Override
    public Set<String> keySet() {
      return Set.of(ScriptApi.VARIABLE);
    }
  }
}
