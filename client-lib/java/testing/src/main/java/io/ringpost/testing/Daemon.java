package io.ringpost.testing;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** ringpostd as users run it, with a configuration, a socket and a folder of its own, and a Kafka cluster inside. */
public final class Daemon implements AutoCloseable {
  /** An instance `kafkaid` with the topic `topicName`. */
  public static final String ONE_TOPIC = "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"topicName\"]\n";

  private final Path folder;
  private final List<String> connected;
  private final Map<String, String> environment;
  private final Child keeper;
  private Child process;

  /** What `ringpost status --json` says of an instance. */
  public record Status(String state, long accepted, long delivered, long waiting, long clients) {}

  private Daemon(Path folder, List<String> connected, Child keeper) {
    this.folder = folder;
    this.connected = connected;
    this.keeper = keeper;
    this.environment = keeper == null ? Map.of() : Map.of("RINGPOST_KEEPER", keeperSocket(folder));
  }

  /** Starts it and waits until the instance `kafkaid` has a broker. */
  public static Daemon start(String configuration) throws Exception {
    return start(configuration, List.of("kafkaid"), false);
  }

  /** Until these instances have a broker. With a ringpost-keeper the next daemon goes on with what this one leaves. */
  public static Daemon start(String configuration, List<String> connected, boolean withKeeper) throws Exception {
    Path folder = Files.createTempDirectory("ringpost-");
    Files.writeString(folder.resolve("ringpost.toml"), "[daemon]\nsocket = \"" + folder.resolve("ringpost.sock") + "\"\nstate_dir = \""
        + folder.resolve("state") + "\"\nlog = \"stderr\"\n" + configuration);
    Child keeper = withKeeper ? startKeeper(folder) : null;
    Daemon daemon = new Daemon(folder, connected, keeper);
    daemon.startAgain();
    return daemon;
  }

  private static String keeperSocket(Path folder) {
    return folder.resolve("keeper.sock").toString();
  }

  private static Child startKeeper(Path folder) throws Exception {
    Child keeper = new Child(List.of(Programs.program("ringpost-keeper").toString(), "--socket", keeperSocket(folder)));
    Waiting.until(() -> Files.exists(Path.of(keeperSocket(folder))), keeper::errors);
    return keeper;
  }

  /** After a stop. */
  public void startAgain() throws Exception {
    process = new Child(List.of(Programs.program("ringpostd").toString(), "--config", folder.resolve("ringpost.toml").toString()),
        null, environment);
    Waiting.until(() -> !process.isRunning() || Child.run(command("status")).ended() == 0, process::errors);
    if (!process.isRunning()) throw new AssertionError("ringpostd did not start:\n" + process.errors());
    for (String name : connected) Waiting.until(() -> status(name).state().equals("connected"), process::errors);
  }

  public Path folder() {
    return folder;
  }

  public String socket() {
    return folder.resolve("ringpost.sock").toString();
  }

  public Status status() throws Exception {
    return status("kafkaid");
  }

  /** Its counts add up. */
  public Status status(String instance) throws Exception {
    JsonArray all = JsonParser.parseString(Child.runWell(command("status", "--json"))).getAsJsonObject().getAsJsonArray("instances");
    for (JsonElement element : all) {
      JsonObject found = element.getAsJsonObject();
      if (!found.get("name").getAsString().equals(instance)) continue;
      Status status = new Status(found.get("state").getAsString(), found.get("accepted").getAsLong(), found.get("delivered").getAsLong(),
          found.get("waiting").getAsLong(), found.get("clients").getAsLong());
      if (status.accepted() != status.delivered() + status.waiting() + found.get("dead_letters").getAsLong()) {
        throw new AssertionError("the counts do not add up: " + found);
      }
      return status;
    }
    throw new AssertionError("status shows no instance " + instance);
  }

  /** Until everything that was accepted is delivered, and that is so much. */
  public void delivered(long count) throws Exception {
    Status[] now = new Status[1];
    Waiting.until(() -> {
      now[0] = status();
      return now[0].delivered() == count && now[0].waiting() == 0;
    }, () -> count + " delivered: " + now[0] + "\n" + process.errors());
  }

  /** Everything in a topic of the embedded cluster, by partition and offset. */
  public List<Record> consume(String topic) throws Exception {
    List<Record> records = new ArrayList<>();
    for (String line : Child.runWell(command("consume", "kafkaid", topic, "--from", "beginning", "--until-end", "--json")).split("\n")) {
      if (!line.isEmpty()) records.add(record(JsonParser.parseString(line).getAsJsonObject()));
    }
    return records;
  }

  private static Record record(JsonObject object) {
    List<Record.Header> headers = new ArrayList<>();
    for (JsonElement element : object.getAsJsonArray("headers")) {
      JsonObject header = element.getAsJsonObject();
      String name = header.get("name").getAsString();
      if (!name.equals("ringpost-id")) headers.add(new Record.Header(name, bytes(header, "value")));
    }
    return new Record(object.get("partition").getAsInt(), bytes(object, "key"), bytes(object, "message"), headers);
  }

  private static byte[] bytes(JsonObject object, String name) {
    if (object.has(name + "_base64")) return Base64.getDecoder().decode(object.get(name + "_base64").getAsString());
    JsonElement value = object.get(name);
    return value == null || value.isJsonNull() ? null : value.getAsString().getBytes(StandardCharsets.UTF_8);
  }

  private List<String> command(String name, String... words) {
    List<String> command = new ArrayList<>(List.of(Programs.program("ringpost").toString(), name, "--socket", socket()));
    command.addAll(List.of(words));
    return command;
  }

  /** By a signal: TERM, KILL. */
  public void stop(String signal) throws Exception {
    process.signal(signal);
    process.ended();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.signal("TERM");
    process.ended();
    if (keeper != null) keeper.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
    }
  }
}
