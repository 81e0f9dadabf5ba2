package io.ringpost.bpmn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.graaljs.RingpostApi;
import java.util.List;
import java.util.Map;
import org.camunda.spin.Spin;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.HostAccess;
import org.junit.jupiter.api.Test;

/** JSON variables of the engine, as its scripts see them. Operaton's classes have the same methods. */
class SpinTest {
  private final Recording recording = Ringpost.recording();

  private String published(Object value, String message) {
    try (Context context = Context.newBuilder("js").allowHostAccess(HostAccess.ALL).option("engine.WarnInterpreterOnly", "false").build()) {
      RingpostApi.install(context, recording);
      context.getBindings("js").putMember("value", value);
      recording.events().clear();
      String thrown = context.eval("js", "try { api.events.v1.publishAsync('kafkaid', 't', " + message + "); '' } catch (e) { e.code + ': ' + e.message }").asString();
      return recording.events().isEmpty() ? thrown : recording.events().get(0).message();
    }
  }

  @Test
  void aNodeIsTheJsonThatItHolds() {
    String json = "{\"a\":[1,12.5,\"\u017c\",true,null,{}],\"long\":123456789012345,\"empty\":[]}";
    assertEquals(json, published(Spin.JSON(json), "value"));
    assertEquals("{\"x\":[" + json + "]}", published(Spin.JSON(json), "{x: [value]}"));
    assertEquals("[{\"in\":" + json + "}]", published(List.of(Map.of("in", Spin.JSON(json))), "value"));
    assertEquals("[12.5,{}]", published(Spin.JSON(json), "[value.prop('a').elements().get(1), value.prop('a').elements().get(5)]"));
    String large = published(Spin.JSON("{\"id\":[9007199254740993]}"), "{v: value}");
    assertTrue(large.contains(" at \"v.id[0]\": a Long that no JavaScript number says exactly"), large);
  }
}
