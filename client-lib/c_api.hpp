// ringpost.h for the library's own files, where `ringpost` is the namespace.
#pragma once

#ifndef RINGPOST_NO_HANDLE_NAME
#define RINGPOST_NO_HANDLE_NAME
#endif
#include "client-lib/ringpost.h"  // IWYU pragma: export
