package io.ringpost.graaljs;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.ErrorsCases;
import io.ringpost.testing.scripts.Scripts;
import java.util.List;
import org.graalvm.polyglot.PolyglotException;
import org.graalvm.polyglot.SourceSection;

class ErrorsTest extends ErrorsCases {
  @Override
  protected List<Scripts> inAllModes(Ringpost ringpost) {
    return GraalScripts.inAllModes(ringpost);
  }

  @Override
  protected String placeOf(RuntimeException thrown) {
    for (PolyglotException.StackFrame frame : ((PolyglotException) thrown).getPolyglotStackTrace()) {
      SourceSection where = frame.getSourceLocation();
      if (frame.isGuestFrame() && !where.getSource().isInternal()) return where.getSource().getName() + ":" + where.getStartLine();
    }
    return "nowhere";
  }
}
