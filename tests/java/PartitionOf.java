import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/**
 * Prints the partition that Java's own producer chooses for a key. Each line of standard input is a number of partitions,
 * a space, and the key's bytes in hexadecimal (nothing, for an empty key); each line of standard output is one partition.
 */
final class PartitionOf {
  public static void main(String[] arguments) throws IOException {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    var output = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      int space = line.indexOf(' ');
      int partitionCount = Integer.parseInt(line.substring(0, space));
      byte[] key = HexFormat.of().parseHex(line.substring(space + 1));
      output.println(BuiltInPartitioner.partitionForKey(key, partitionCount));
    }
    output.flush();
  }
}
