/* The installed header as C99: every function of the C ABI is named, so that a missing symbol fails at the
 * link. */
#include <ringpost.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  ringpost_options options;
  ringpost* handle = NULL;
  int result;

  if (strcmp(ringpost_error_name(RINGPOST_BUFFER_FULL), "BUFFER_FULL") != 0) return 1;
  if (ringpost_error_status(RINGPOST_BUFFER_FULL) != 429) return 2;
  if (!ringpost_error_retryable(RINGPOST_BUFFER_FULL)) return 3;

  memset(&options, 0, sizeof options);
  options.socket_path = "/nowhere/ringpost.sock";
  result = ringpost_open(&options, &handle);
  if (result != RINGPOST_DAEMON_UNAVAILABLE) return 4;
  if (strstr(ringpost_last_error_message(), "/nowhere/ringpost.sock") == NULL) return 5;
  printf("%s: %s\n", ringpost_error_name(result), ringpost_last_error_message());
  return 0;
}
