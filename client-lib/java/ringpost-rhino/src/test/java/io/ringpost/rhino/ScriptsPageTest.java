package io.ringpost.rhino;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.Scripts;
import io.ringpost.testing.scripts.ScriptsPageCases;

class ScriptsPageTest extends ScriptsPageCases {
  @Override
  protected Scripts scripts(Ringpost ringpost) {
    return new RhinoScripts(ringpost);
  }
}
