import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Creates topics, all in one virtual machine: Kafka's own command starts one for each. The first argument is the brokers'
 * addresses, each other one is NAME:PARTITIONS:REPLICAS and any number of :KEY=VALUE.
 */
final class CreateTopics {
  public static void main(String[] arguments) throws Exception {
    List<NewTopic> topics = new ArrayList<>();
    for (String specification : Arrays.asList(arguments).subList(1, arguments.length)) {
      String[] parts = specification.split(":");
      Map<String, String> settings = new HashMap<>();
      for (String setting : Arrays.asList(parts).subList(3, parts.length)) {
        String[] pair = setting.split("=", 2);
        settings.put(pair[0], pair[1]);
      }
      topics.add(new NewTopic(parts[0], Integer.parseInt(parts[1]), Short.parseShort(parts[2])).configs(settings));
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[0]))) {
      admin.createTopics(topics).all().get();
    }
  }
}
