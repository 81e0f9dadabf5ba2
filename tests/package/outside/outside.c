/* The installed header as C99, and nothing else of Ringpost. */
#include <ringpost.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  ringpost_options options;
  ringpost* handle = NULL;
  int result;

  if (ringpost_version() != RINGPOST_VERSION_NUMBER) return 1;
  if (strcmp(ringpost_error_name(RINGPOST_BUFFER_FULL), "BUFFER_FULL") != 0) return 2;
  if (ringpost_error_status(RINGPOST_BUFFER_FULL) != 429) return 3;
  if (!ringpost_error_retryable(RINGPOST_BUFFER_FULL)) return 4;

  memset(&options, 0, sizeof options);
  options.socket_path = "/nowhere/ringpost.sock";
  options.connect_timeout_ms = 1;
  result = ringpost_open(&options, &handle);
  if (result != RINGPOST_DAEMON_UNAVAILABLE || handle != NULL) return 5;
  if (strstr(ringpost_last_error_message(), "/nowhere/ringpost.sock") == NULL) return 6;
  printf("%s: %s\n", ringpost_error_name(result), ringpost_last_error_message());
  return 0;
}
