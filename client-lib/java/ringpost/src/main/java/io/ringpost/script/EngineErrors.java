package io.ringpost.script;

import io.ringpost.PublishException;
import java.util.Optional;

/** Finds in an engine's exception what {@code publishAsync} threw in the script. A service: each module for an engine has one. */
public interface EngineErrors {
  /** What is in this exception itself; its causes are asked for by themselves. */
  Optional<PublishException> find(Throwable thrown);
}
