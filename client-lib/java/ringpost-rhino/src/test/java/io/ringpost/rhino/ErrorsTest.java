package io.ringpost.rhino;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.ErrorsCases;
import io.ringpost.testing.scripts.Scripts;
import java.util.List;
import org.mozilla.javascript.RhinoException;

class ErrorsTest extends ErrorsCases {
  @Override
  protected List<Scripts> inAllModes(Ringpost ringpost) {
    return RhinoScripts.inAllModes(ringpost);
  }

  @Override
  protected String placeOf(RuntimeException thrown) {
    RhinoException exception = (RhinoException) thrown;
    return exception.sourceName() + ":" + exception.lineNumber();
  }
}
