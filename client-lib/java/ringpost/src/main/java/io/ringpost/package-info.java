/**
 * Hands events to ringpostd on the same host, which delivers them to Apache Kafka.
 *
 * <pre>{@code
 * try (Ringpost ringpost = Ringpost.open()) {
 *   ringpost.publish(new Event("kafkaid", "orders").message("{\"id\":123}").key("123").header("origin", "shop"));
 * }
 * }</pre>
 *
 * <p>{@link io.ringpost.Ringpost} is the handle, {@link io.ringpost.Event} what is published, and
 * {@link io.ringpost.PublishException} what is thrown if and only if nothing was enqueued.
 */
package io.ringpost;
