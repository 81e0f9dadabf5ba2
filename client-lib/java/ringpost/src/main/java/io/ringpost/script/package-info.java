/**
 * What the modules for script engines share: an application needs nothing of it.
 *
 * <p>{@link io.ringpost.script.JavaValues} says what becomes of Java values in a script's message, key and headers, the same in
 * every engine; {@link io.ringpost.script.Refusal} has the wording of errors.
 */
package io.ringpost.script;
