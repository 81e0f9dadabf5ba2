package io.ringpost.rhino;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.Scripts;
import io.ringpost.testing.scripts.SemanticsCases;
import java.util.List;

class SemanticsTest extends SemanticsCases {
  @Override
  protected List<Scripts> inAllModes(Ringpost ringpost) {
    return RhinoScripts.inAllModes(ringpost);
  }

  @Override
  protected int levelsMax() {
    return 1024;
  }

  @Override
  protected int unsaidMax() {
    return 0;
  }
}
