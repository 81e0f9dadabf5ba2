import io.ringpost.Ringpost;
import io.ringpost.bpmn.operaton.RingpostPlugin;
import java.io.InputStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.operaton.bpm.engine.ProcessEngine;
import org.operaton.bpm.engine.impl.cfg.StandaloneInMemProcessEngineConfiguration;

/** Deploys order.bpmn in Operaton and runs it so many times, on several threads. The daemon is the one that RINGPOST_SOCKET names. */
final class OrderProcess {
  private static final int THREADS = 4;

  private OrderProcess() {}

  /** INSTANCES */
  public static void main(String[] words) throws Exception {
    int instances = Integer.parseInt(words[0]);
    Ringpost ringpost = Ringpost.open();
    StandaloneInMemProcessEngineConfiguration configuration = new StandaloneInMemProcessEngineConfiguration();
    configuration.getProcessEnginePlugins().add(new RingpostPlugin(ringpost));
    ProcessEngine engine = configuration.buildProcessEngine();
    try (InputStream order = OrderProcess.class.getResourceAsStream("order.bpmn")) {
      engine.getRepositoryService().createDeployment().addInputStream("order.bpmn", order).deploy();
    }

    long begin = System.nanoTime();
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    List<Future<?>> runs = new ArrayList<>();
    for (int number = 1; number <= instances; ++number) {
      Map<String, Object> variables = Map.of("orderId", String.format("order-%04d", number), "total", new BigDecimal(number).movePointLeft(2));
      runs.add(pool.submit(() -> engine.getRuntimeService().startProcessInstanceByKey("order", variables)));
    }
    for (Future<?> run : runs) run.get();
    pool.shutdown();
    long ended = engine.getHistoryService().createHistoricProcessInstanceQuery().finished().count();
    System.out.printf("%d process instances ended, in %.1f s%n", ended, (System.nanoTime() - begin) / 1e9);
    engine.close();
    ringpost.close();
  }
}
