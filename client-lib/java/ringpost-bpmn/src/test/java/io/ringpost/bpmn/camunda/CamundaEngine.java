package io.ringpost.bpmn.camunda;

import io.ringpost.Ringpost;
import io.ringpost.bpmn.AfterCommit;
import io.ringpost.bpmn.BpmnEngine;
import java.util.List;
import java.util.Map;
import org.camunda.bpm.engine.ProcessEngine;
import org.camunda.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;
import org.camunda.bpm.engine.runtime.Incident;
import org.camunda.bpm.engine.runtime.Job;

/** A database in memory, and the plugin. */
public final class CamundaEngine implements BpmnEngine {
  private static int count;

  private final RingpostPlugin plugin;
  private final ProcessEngine engine;

  public CamundaEngine(Ringpost ringpost, Settings settings) {
    plugin = new RingpostPlugin(ringpost);
    if (settings.waitingMax() > 0) plugin.publishAfterCommit(settings.waitingMax());
    StandaloneInMemProcessEngineConfiguration configuration = new StandaloneInMemProcessEngineConfiguration();
    configuration.setJdbcUrl("jdbc:h2:mem:camunda-" + ++count);
    configuration.setProcessEngineName("camunda-" + count);
    configuration.setJobExecutorActivate(false);
    configuration.setHistory("none");
    configuration.setConfigureScriptEngineHostAccess(settings.hasHostAccess());
    configuration.setEnableScriptEngineNashornCompatibility(settings.hasNashornsWays());
    configuration.getProcessEnginePlugins().add(plugin);
    engine = configuration.buildProcessEngine();
  }

  @Override
  public void deploy(String bpmn) {
    engine.getRepositoryService().createDeployment().addString("process.bpmn", bpmn).deploy();
  }

  @Override
  public void start(String process, Map<String, Object> variables) {
    engine.getRuntimeService().startProcessInstanceByKey(process, variables);
  }

  @Override
  public void completeTask() {
    engine.getTaskService().complete(engine.getTaskService().createTaskQuery().singleResult().getId());
  }

  @Override
  public long running(String process) {
    return engine.getRuntimeService().createProcessInstanceQuery().processDefinitionKey(process).count();
  }

  @Override
  public List<String> jobs(String process) {
    return engine.getManagementService().createJobQuery().processDefinitionKey(process).list().stream().map(Job::getId).toList();
  }

  @Override
  public void execute(String job) {
    engine.getManagementService().executeJob(job);
  }

  @Override
  public int retries(String job) {
    return engine.getManagementService().createJobQuery().jobId(job).singleResult().getRetries();
  }

  @Override
  public String failure(String job) {
    return engine.getManagementService().createJobQuery().jobId(job).singleResult().getExceptionMessage();
  }

  @Override
  public List<String> incidents(String job) {
    return engine.getRuntimeService().createIncidentQuery().configuration(job).list().stream().map(Incident::getIncidentMessage).toList();
  }

  @Override
  public AfterCommit afterCommit() {
    return plugin.afterCommit();
  }

  @Override
  public void close() {
    engine.close();
    if (plugin.afterCommit() != null) plugin.afterCommit().close();
  }
}
