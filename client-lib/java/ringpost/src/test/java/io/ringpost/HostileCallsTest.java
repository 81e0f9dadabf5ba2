package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.testing.Daemon;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The native library is called with what nothing of ours hands in: it refuses, and the process lives. */
class HostileCallsTest {
  private static final int[] SIZES = {0, 1, 5, 63, 64, 65, 1023, 1024, 1025, -1, Integer.MIN_VALUE, Integer.MAX_VALUE};

  @Test
  void nothingThatIsHandedInCrashes() throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      NativeLibrary.load();
      byte[][] why = new byte[1][];
      byte[] path = daemon.socket().getBytes();
      long handle = NativeLibrary.open(path, null, 0, why);
      assertTrue(handle > 0);
      Encoder good = new Encoder();
      good.write(new Event("kafkaid", "topicName").message("[1]").key("k").header("h", "v"));
      call(handle, good, why);
      fuzz(handle, good);
      for (long wrong : new long[] {0, 1, -1, 255, 256, handle + 256, handle + 1, handle - 256, Long.MAX_VALUE, Long.MIN_VALUE}) {
        assertEquals(NativeLibrary.CLOSED, NativeLibrary.publish(wrong, good.bytes, good.eventEnd, good.text, 0, 1, 0, why), "" + wrong);
        assertNull(NativeLibrary.instanceName(wrong, 0));
        assertEquals(NativeLibrary.CLOSED, NativeLibrary.instanceInfo(wrong, path, new long[11]));
        assertFalse(NativeLibrary.close(wrong));
      }
      assertEquals(NativeLibrary.MALFORMED, NativeLibrary.instanceInfo(handle, "kafkaid".getBytes(), new long[10]));
      assertEquals(NativeLibrary.CLOSED, NativeLibrary.instanceInfo(handle, null, null));
      assertNull(NativeLibrary.instanceName(handle, -1));
      assertNull(NativeLibrary.instanceName(handle, Integer.MAX_VALUE));
      long zeroes = NativeLibrary.open(new byte[1 << 20], new byte[1 << 20], -1, null);
      assertEquals(zeroes > 0, NativeLibrary.close(zeroes));
      call(handle, good, why);
      assertTrue(NativeLibrary.close(handle));
      assertFalse(NativeLibrary.close(handle));
    }
  }

  private static void call(long handle, Encoder good, byte[][] why) {
    assertEquals(NativeLibrary.OK, NativeLibrary.publish(handle, good.bytes, good.eventEnd, good.text, good.textBegin,
        good.textEnd - good.textBegin, 0, why));
  }

  private static void fuzz(long handle, Encoder good) {
    Random random = new Random(7);
    for (int n = 0; n < 100_000; ++n) {
      byte[] event = random.nextInt(20) == 0 ? null : good.bytes.clone();
      if (event != null && random.nextBoolean()) event[random.nextInt(good.eventEnd)] = (byte) random.nextInt(256);
      byte[] text = random.nextInt(3) == 0 ? null : good.text;  // null: in `event`
      int eventSize = random.nextInt(3) > 0 ? good.eventEnd : SIZES[random.nextInt(SIZES.length)];
      int begin = random.nextInt(3) > 0 ? good.textBegin : SIZES[random.nextInt(SIZES.length)];
      int size = random.nextInt(3) > 0 ? 3 : SIZES[random.nextInt(SIZES.length)];
      byte[][] why = random.nextInt(3) == 0 ? null : new byte[random.nextInt(2)][];
      int code = NativeLibrary.publish(handle, event, eventSize, text, begin, size, random.nextInt(4), why);
      assertTrue(code <= NativeLibrary.MALFORMED && code >= -10, "" + code);
      if (event == null || eventSize < 0 || size < 0 || begin < 0) assertEquals(NativeLibrary.MALFORMED, code);
    }
  }
}
