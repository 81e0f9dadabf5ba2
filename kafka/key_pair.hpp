// The client's certificate and its key, as they were when they fitted together.
#pragma once

#include "kafka/client_properties.hpp"

namespace ringpost::kafka {

// `properties` with the two themselves in place of their files' names. An administrator replaces the files one after the other, and
// a client that is made between the two must not read one half of each pair. Throws std::runtime_error, "FILE ...", where one
// can't be read, or the key is not the certificate's or its password is another.
Properties with_key_pair(Properties properties);

}  // namespace ringpost::kafka
