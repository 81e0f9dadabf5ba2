package io.ringpost.bpmn;

import java.util.List;
import java.util.Map;

/** What the tests want of an engine; jobs run only when they say so. */
public interface BpmnEngine extends AutoCloseable {
  /** `waitingMax` 0: publishes at once. */
  record Settings(int waitingMax, boolean hasHostAccess, boolean hasNashornsWays) {
    static final Settings USUAL = new Settings(0, true, false);
  }

  void deploy(String bpmn);

  void start(String process, Map<String, Object> variables);

  void completeTask();

  /** How many instances have not ended. */
  long running(String process);

  List<String> jobs(String process);

  void execute(String job);

  int retries(String job);

  /** Why it failed. */
  String failure(String job);

  /** The messages of those that are open for it. */
  List<String> incidents(String job);

  AfterCommit afterCommit();

  @Override
  void close();
}
