/*
 * ringpost.h: hands events to ringpostd, which delivers them to Apache Kafka.
 *
 *   ringpost *post;
 *   ringpost_options options = {0};
 *   if (ringpost_open(&options, &post) != RINGPOST_OK) return complain(ringpost_last_error_message());
 *
 *   ringpost_event event = {0};
 *   event.instance = "kafkaid";
 *   event.topic = "orders";
 *   event.message = "{\"id\":123}";
 *   event.message_size = 10;
 *   if (ringpost_publish(post, &event) != RINGPOST_OK) return complain(ringpost_last_error_message());
 *
 *   ringpost_close(post);
 *
 * Conventions
 *
 *  (1) A function that can fail returns RINGPOST_OK (0) or a negative RINGPOST_* code. A publish that fails has
 *      enqueued nothing; one that returns RINGPOST_OK has put the event into memory shared with the daemon, where it
 *      outlives this process.
 *  (2) ringpost_last_error_message() says in full what went wrong in this thread's last failed call: what, where, and
 *      what to do. It never shows a payload, a key or a header's value.
 *  (3) ringpost_publish, _reserve, _commit and _abort never wait: no lock, no allocation, no system call but the
 *      wake-up of a daemon that sleeps (and one gettid in a thread's first call). What takes time happens in one
 *      control thread, which ringpost_open starts and in which all signals are blocked.
 *  (4) A handle may be used by any number of threads at once. Only ringpost_close must come last and alone: a call
 *      that begins after it, or has not returned when it is called, is the caller's error (what such a call had
 *      accepted is not lost by it).
 *  (5) A signal handler may publish, also in the middle of a publish, in a thread that has used the library before; but
 *      not as a forked child's first call, which allocates (9).
 *  (6) Strings end with a zero byte. What is handed in is copied before the function returns. Nothing that comes back
 *      has to be freed but the handle; texts live until the thread's next failure.
 *  (7) Zero is the default of every option and of every field of an event that is not needed.
 *  (8) Structures grow at the end. ringpost_options and ringpost_info carry their size, so that callers built against
 *      an older header go on working; ringpost_event, ringpost_header and ringpost_reservation stay as they are.
 *  (9) fork: the child's first call on a handle of its parent's starts afresh, with a control thread and a connection
 *      of its own, and returns RINGPOST_DAEMON_UNAVAILABLE (try again) until the connection stands. What the parent
 *      had accepted is the parent's. A reservation does not survive a fork: its text must not be written in the child.
 * (10) exec: every descriptor is close-on-exec. Threads may exit and be cancelled at any time; one that ends inside a
 *      reservation aborts it. No function is a cancellation point. After ringpost_close of every handle the library
 *      may be unloaded.
 *
 * This header is C99 and C++.
 */
#ifndef RINGPOST_H
#define RINGPOST_H

#include <stddef.h>
#include <stdint.h>

#define RINGPOST_VERSION_MAJOR 0
#define RINGPOST_VERSION_MINOR 1
#define RINGPOST_VERSION_PATCH 0
#define RINGPOST_VERSION_NUMBER \
  (RINGPOST_VERSION_MAJOR * 1000000 + RINGPOST_VERSION_MINOR * 1000 + RINGPOST_VERSION_PATCH)

#if defined(__GNUC__)
#define RINGPOST_API __attribute__((visibility("default")))
#else
#define RINGPOST_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(modernize-use-using): this is C. */

/* What a call came to. The status is an HTTP-like number for scripts (ringpost_error_status). */
enum {
  RINGPOST_OK = 0,
  RINGPOST_INVALID_ARGUMENT = -1,   /* 400: the call is malformed */
  RINGPOST_INVALID_JSON = -2,       /* 400: the message is not one JSON text (RFC 8259, UTF-8) */
  RINGPOST_DISABLED = -3,           /* 403: switched off for this deployment or instance */
  RINGPOST_DENIED = -4,             /* 403: this user may not use that instance or topic */
  RINGPOST_UNKNOWN_INSTANCE = -5,   /* 404: not configured */
  RINGPOST_UNKNOWN_TOPIC = -6,      /* 404: not listed, or not in the cluster */
  RINGPOST_MESSAGE_TOO_LARGE = -7,  /* 413: key + headers + message are over the limit */
  RINGPOST_BUFFER_FULL = -8,        /* 429, retryable: no room now */
  RINGPOST_NOT_CONNECTED = -9,      /* 503, retryable: Kafka is out of reach, and the policy is to reject */
  RINGPOST_DAEMON_UNAVAILABLE = -10 /* 503, retryable: no daemon, and no buffer from before to write to */
};

/* A connection to the daemon of this host: `ringpost` in C. A C++ file that uses ringpost.hpp, where ringpost
 * is the namespace, says ringpost_handle. */
typedef struct ringpost_handle ringpost_handle;
#ifndef RINGPOST_NO_HANDLE_NAME
typedef ringpost_handle ringpost;
#endif

typedef struct ringpost_options {
  /* The daemon's socket. NULL: RINGPOST_SOCKET of the environment, else /run/ringpost/ringpost.sock. */
  const char* socket_path;
  /* Shown to administrators; cut off after 64 bytes. NULL: the program's name. */
  const char* client_name;
  /* How long ringpost_open waits for the daemon, in milliseconds. 0: 5000. Negative: not at all; the control
   * thread goes on connecting, and calls give RINGPOST_DAEMON_UNAVAILABLE until it has. */
  int connect_timeout_ms;
  /* 0, or sizeof(ringpost_options). 0 means the fields above and nothing that later versions append. */
  unsigned int struct_size;
} ringpost_options;

typedef struct ringpost_header {
  const char* name;  /* 1 to 4096 bytes of UTF-8, and not "ringpost-id"; names may occur more than once */
  const void* value; /* NULL: a null header */
  size_t value_size;
} ringpost_header;

typedef struct ringpost_event {
  const char* instance; /* [a-z0-9]{1,64}, configured by the administrator */
  const char* topic;    /* [A-Za-z0-9._-]{1,249} */
  const void* message;  /* one JSON text, UTF-8; passed on byte for byte */
  size_t message_size;
  const void* key; /* NULL: no key, and no order; an empty key is a key */
  size_t key_size;
  const ringpost_header* headers; /* at most 1024; order is kept */
  size_t header_count;
} ringpost_event;

/* Connects to the daemon and returns when events can be published, or when connect_timeout_ms is over. `options` may be
 * NULL. On failure *out is NULL, and the code is
 *   RINGPOST_INVALID_ARGUMENT    an option is wrong, or `out` is NULL
 *   RINGPOST_DENIED              the daemon does not serve this user
 *   RINGPOST_DAEMON_UNAVAILABLE  nobody answers; or the daemon refuses this process (a clock of its own, too many
 *                                clients); or this process can't take part (no memory, no thread, a coarse clock) */
RINGPOST_API int ringpost_open(const ringpost_options* options, ringpost_handle** out);

/* Enqueues one event. Any code of the table above. */
RINGPOST_API int ringpost_publish(ringpost_handle* post, const ringpost_event* event);

/* Flags of ringpost_publish_flagged and ringpost_commit. */
enum {
  /* The caller has just serialised the message, or checked it: don't check it again here. The daemon does in
   * any case, and discards what is not JSON. */
  RINGPOST_JSON_CHECKED = 1
};

/* ringpost_publish with RINGPOST_* flags. */
RINGPOST_API int ringpost_publish_flagged(ringpost_handle* post, const ringpost_event* event,
                                          unsigned int flags);

/* Room in shared memory for one message. Between ringpost_reserve and ringpost_commit or ringpost_abort one
 * lane is held: keep that short, in one thread. */
typedef struct ringpost_reservation {
  char* text;      /* write the message here */
  size_t capacity; /* at most so many bytes */
  void* internal;
} ringpost_reservation;

/* As ringpost_publish, but the message is written by the caller straight into shared memory. event->message
 * must be NULL; event->message_size is the most bytes that it may take. `capacity` is that, or less where the
 * topic's limit is less: a text that does not fit is RINGPOST_MESSAGE_TOO_LARGE. */
RINGPOST_API int ringpost_reserve(ringpost_handle* post, const ringpost_event* event,
                                  ringpost_reservation* out);

/* Enqueues the event with the first message_size bytes that were written. Whatever it returns, the
 * reservation is over. */
RINGPOST_API int ringpost_commit(ringpost_handle* post, ringpost_reservation* reservation,
                                 size_t message_size, unsigned int flags);

/* Gives the room back; nothing is enqueued. */
RINGPOST_API void ringpost_abort(ringpost_handle* post, ringpost_reservation* reservation);

/* Returns when calls under way have left. Does not wait for delivery; nothing that was accepted is lost by
 * it. NULL is allowed. A reservation that another thread holds is waited for, five seconds at most. */
RINGPOST_API void ringpost_close(ringpost_handle* post);

typedef struct ringpost_info {
  size_t struct_size;         /* in: sizeof(ringpost_info); only so many bytes are filled */
  int accepting;              /* RINGPOST_OK, or the code that every publish gives now */
  int connected;              /* 1: at least one broker is up */
  int64_t disconnected_ms;    /* for so long there has been no broker; 0 while connected */
  uint64_t waiting_events;    /* in the daemon, not yet delivered; what is still in lanes is not among them */
  uint64_t buffer_used_bytes; /* the instance's buffer in the daemon */
  uint64_t buffer_bytes;
  uint64_t max_event_bytes;    /* key + headers + message; a topic may allow less */
  uint64_t room_bytes;         /* free in this process's lanes, in all */
  uint64_t largest_room_bytes; /* free in one lane, which must hold an event whole */
  uint32_t lanes;              /* open */
  uint32_t lanes_max;          /* the daemon's limit for this process and instance */
} ringpost_info;

/* Looks at an instance without publishing. May take a lock: not for signal handlers.
 *   RINGPOST_INVALID_ARGUMENT, RINGPOST_UNKNOWN_INSTANCE, RINGPOST_DENIED, RINGPOST_DAEMON_UNAVAILABLE */
RINGPOST_API int ringpost_instance_info(ringpost_handle* post, const char* instance, ringpost_info* info);

/* The name of an instance, for callers that want to look at all of them: index 0, 1 and so on, until it returns
 * RINGPOST_UNKNOWN_INSTANCE. `name` has room for `name_size` bytes; 65 are always enough. A name keeps its index as
 * long as the handle lives, also when the daemon that answers now has no such instance (ringpost_instance_info says
 * so). RINGPOST_INVALID_ARGUMENT, RINGPOST_UNKNOWN_INSTANCE, RINGPOST_DAEMON_UNAVAILABLE */
RINGPOST_API int ringpost_instance_name(ringpost_handle* post, size_t index, char* name, size_t name_size);

/* "BUFFER_FULL" and so on; "UNKNOWN" for a number that is no code. */
RINGPOST_API const char* ringpost_error_name(int code);
/* 429 and so on; 200 for RINGPOST_OK, 500 for a number that is no code. */
RINGPOST_API int ringpost_error_status(int code);
/* 1: the same call may succeed later. */
RINGPOST_API int ringpost_error_retryable(int code);
/* The last failure of this thread, in full; "" before the first. */
RINGPOST_API const char* ringpost_last_error_message(void);

/* RINGPOST_VERSION_NUMBER of the library that is loaded. */
RINGPOST_API int ringpost_version(void);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
}
#endif

#endif
