/**
 * Hands events to ringpostd on the same host, which delivers them to Apache Kafka.
 *
 *     const { connect } = require('ringpost');
 *     const api = connect().api;
 *     api.events.v1.publishAsync('kafkaid', 'topicName', { id: '123' }, 'key', { header1: 'value' });
 */

/** The word for what went wrong; {@link PublishError} lists what each means. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_JSON'
  | 'DISABLED'
  | 'DENIED'
  | 'UNKNOWN_INSTANCE'
  | 'UNKNOWN_TOPIC'
  | 'MESSAGE_TOO_LARGE'
  | 'BUFFER_FULL'
  | 'NOT_CONNECTED'
  | 'DAEMON_UNAVAILABLE';

/**
 * What `publishAsync` and `connect` throw. Nothing was enqueued then. The message says what, where and what to do, and
 * never shows a message, a key or a header's value.
 *
 * | code | status | retryable | when |
 * |---|---|---|---|
 * | `INVALID_ARGUMENT` | 400 | no | the call is malformed |
 * | `INVALID_JSON` | 400 | no | the message is not JSON; `cause` is the engine's error, where there is one |
 * | `DISABLED` | 403 | no | switched off for this deployment or instance |
 * | `DENIED` | 403 | no | this user may not use that instance or topic |
 * | `UNKNOWN_INSTANCE` | 404 | no | not configured |
 * | `UNKNOWN_TOPIC` | 404 | no | not listed, or not in the cluster |
 * | `MESSAGE_TOO_LARGE` | 413 | no | over the limit |
 * | `BUFFER_FULL` | 429 | yes | no room now |
 * | `NOT_CONNECTED` | 503 | yes | Kafka is out of reach, and the policy is to reject |
 * | `DAEMON_UNAVAILABLE` | 503 | yes | no daemon, and no buffer from before to write to |
 *
 * A script in a sandbox (`node:vm`) gets an `Error` of its own realm with the same properties.
 */
export class PublishError extends Error {
  readonly name: 'PublishError';
  readonly code: ErrorCode;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** An HTTP-like number, and the message. */
  readonly status: { readonly code: number; readonly message: string };
  /** What the engine, a getter or a `toJSON` threw while the arguments were read. */
  readonly cause?: unknown;
}

/** No key and so no order; the text; its decimal text (safe integers only); the bytes. */
export type Key = string | number | bigint | Uint8Array | ArrayBufferLike | null | undefined;

export type HeaderScalar = string | number | boolean | bigint | Date | Uint8Array | ArrayBufferLike | null | undefined;

/**
 * By name. Text forms are sent as UTF-8, a Date as ISO 8601, `null` as a null header; `undefined` is skipped, an array
 * is one header an element. At most 1024; the name `ringpost-id` is Ringpost's own.
 */
export type Headers = { [name: string]: HeaderScalar | HeaderScalar[] };

export interface EventsV1 {
  /**
   * Sends a message to a topic of a Kafka instance.
   *
   * Sending is asynchronous: the call never waits for confirmation that the message was delivered. That it returns
   * confirms that the message was added to the buffer; errors of the sending itself can't be caught here. **It throws
   * if and only if nothing was enqueued**: remember to handle exceptions. It may throw if there is no connection to
   * Kafka or if the buffer is full.
   *
   *     try {
   *       api.events.v1.publishAsync('kafkaid', 'topicName', { id: '123', date: new Date() }, 'key', { header1: 'value' });
   *     } catch (e) {
   *       // e.code, e.retryable, e.status.code, e.message
   *     }
   *
   * @param kafkaId name of the Kafka instance: configured by the administrator, lower case, no special characters
   * @param topic topic name: topics are created and managed by administrators
   * @param message message content, serialised with `JSON.stringify`: a string becomes a JSON string, `null` the text
   *   `null`. What has no JSON form, a Map, a Set and bytes are `INVALID_JSON`.
   * @param key message key: optional, but set it if the order of events matters; events with the same key keep it
   * @param headers headers: optional
   * @throws {PublishError}
   */
  publishAsync(kafkaId: string, topic: string, message: unknown, key?: Key, headers?: Headers | null): undefined;
}

/** What scripts get. Frozen; may be handed to a sandbox: nothing of the host can be reached through it. */
export interface Api {
  readonly events: { readonly v1: EventsV1 };
}

export interface InstanceState {
  /** Its name, as in `kafkaId`. */
  name: string;
  /** `ACCEPTING`, or the code that every call gets now. Where it is `DENIED` there is nothing below. */
  state: 'ACCEPTING' | ErrorCode;
  /** At least one broker is up. */
  connected?: boolean;
  /** For so long there has been no broker; 0 while connected. */
  disconnectedMs?: number;
  /** Accepted and not yet delivered. */
  waitingEvents?: number;
  /** The instance's buffer in the daemon. */
  bufferUsedBytes?: number;
  bufferBytes?: number;
  /** Key, headers and message; a topic may allow less. */
  maxEventBytes?: number;
  /** Free in this process's shared memory, in all; and in one lane, which must hold an event whole. */
  roomBytes?: number;
  largestRoomBytes?: number;
  lanes?: number;
  lanesMax?: number;
}

export interface Connection {
  readonly api: Api;
  /** Looks at each instance that is configured, without publishing. Not for every call: it takes a lock. */
  instances(): InstanceState[];
  /** Gives the connection back. Does not wait for delivery; nothing that was accepted is lost by it. */
  close(): void;
}

export interface ConnectOptions {
  /** The daemon's socket. Default: `RINGPOST_SOCKET` of the environment, else /run/ringpost/ringpost.sock. */
  socketPath?: string;
  /** Shown to administrators; cut off after 64 bytes. Default: the program's name. */
  clientName?: string;
  /**
   * How long `connect` waits for the daemon; the event loop waits with it. Default: 5000. 0: not at all; calls throw
   * `DAEMON_UNAVAILABLE` until the daemon is there.
   */
  connectTimeoutMs?: number;
}

export interface RecordingOptions {
  /** The instances there are, each with its topics: names or `prefix*`. Default: every well-formed name. */
  instances?: { [kafkaId: string]: string[] };
  /** Default: 1 MiB. */
  maxEventBytes?: number;
}

export interface RecordedEvent {
  kafkaId: string;
  topic: string;
  /** The JSON text. */
  message: string;
  key: string | Buffer | null;
  headers: { name: string; value: string | Buffer | null }[];
}

export interface Recording extends Connection {
  /** What was accepted so far. Yours: empty it as you like. */
  readonly events: RecordedEvent[];
  /** Refuses what would be accepted, with that code; `undefined`: no longer. */
  refuseWith(code: ErrorCode | undefined): void;
}

/**
 * Connects to ringpostd. Needs Linux. Connections don't keep the process alive, and calls with the same options share
 * one in a process, also from several worker threads.
 *
 * @throws {PublishError} `DAEMON_UNAVAILABLE`, `DENIED`, `INVALID_ARGUMENT`
 */
export function connect(options?: ConnectOptions): Connection;
export namespace connect {
  /** A deployment where publishing is switched off: each call throws `DISABLED`. Needs no daemon and no Linux. */
  function disabled(): Connection;
  /** For unit tests, and machines without Linux: the same checks and codes; keeps what was accepted. Pure JavaScript. */
  function recording(options?: RecordingOptions): Recording;
}
