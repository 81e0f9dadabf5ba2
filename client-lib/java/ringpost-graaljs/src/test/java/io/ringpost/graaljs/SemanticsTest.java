package io.ringpost.graaljs;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.Scripts;
import io.ringpost.testing.scripts.SemanticsCases;
import java.util.List;

class SemanticsTest extends SemanticsCases {
  @Override
  protected List<Scripts> inAllModes(Ringpost ringpost) {
    return GraalScripts.inAllModes(ringpost);
  }

  @Override
  protected int levelsMax() {
    return 1000;
  }

  @Override
  protected int unsaidMax() {
    return 1;
  }
}
