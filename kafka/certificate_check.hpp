// Why a broker's certificate is refused. librdkafka says "certificate verify failed" to all of it, and advises to look at the
// authorities whatever the cause.
#pragma once

#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {

// Changes no verdict of OpenSSL's: it gives the reason to librdkafka's log, facility SSLCERTVRFY.
void explain_certificates(rd_kafka_conf_t* conf);

}  // namespace ringpost::kafka
