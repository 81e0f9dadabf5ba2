/* ringpost.h as C99, used as C: compiled with -std=c99 -pedantic and called by header_test.cpp. */
#include <string.h>

#include "client-lib/ringpost.h"

/* 0, or the number of the line that failed. */
#define REQUIRE(condition)             \
  do {                                 \
    if (!(condition)) return __LINE__; \
  } while (0)

int use_from_c(const char* socket_path);

int use_from_c(const char* socket_path) {
  ringpost_options options = {0};
  ringpost* post = NULL;
  ringpost_header headers[2] = {{"header1", "value", 5}, {"header2", NULL, 0}};
  ringpost_event event = {0};
  ringpost_reservation reservation;
  ringpost_info info;

  options.socket_path = socket_path;
  REQUIRE(ringpost_open(&options, &post) == RINGPOST_OK);
  event.instance = "kafkaid";
  event.topic = "orders";
  event.message = "{\"id\":123}";
  event.message_size = 10;
  event.key = "k";
  event.key_size = 1;
  event.headers = headers;
  event.header_count = 2;
  REQUIRE(ringpost_publish(post, &event) == RINGPOST_OK);
  REQUIRE(ringpost_publish_flagged(post, &event, RINGPOST_JSON_CHECKED) == RINGPOST_OK);

  event.message = NULL;
  event.message_size = 100;
  REQUIRE(ringpost_reserve(post, &event, &reservation) == RINGPOST_OK);
  REQUIRE(reservation.capacity == 100);
  memcpy(reservation.text, "[1]", 3);
  REQUIRE(ringpost_commit(post, &reservation, 3, 0) == RINGPOST_OK);
  REQUIRE(ringpost_reserve(post, &event, &reservation) == RINGPOST_OK);
  ringpost_abort(post, &reservation);

  memset(&info, 0, sizeof info);
  info.struct_size = sizeof info;
  REQUIRE(ringpost_instance_info(post, "kafkaid", &info) == RINGPOST_OK);
  REQUIRE(info.accepting == RINGPOST_OK && info.lanes == 3);

  event.topic = "unknown";
  REQUIRE(ringpost_publish(post, &event) == RINGPOST_INVALID_ARGUMENT);
  REQUIRE(strcmp(ringpost_error_name(RINGPOST_INVALID_ARGUMENT), "INVALID_ARGUMENT") == 0);
  REQUIRE(ringpost_error_status(RINGPOST_INVALID_ARGUMENT) == 400);
  REQUIRE(!ringpost_error_retryable(RINGPOST_INVALID_ARGUMENT));
  REQUIRE(strstr(ringpost_last_error_message(), "the message is NULL") != NULL);
  REQUIRE(ringpost_version() == RINGPOST_VERSION_NUMBER);
  ringpost_close(post);
  return 0;
}
