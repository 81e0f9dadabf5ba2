// How much memory the daemon can need with a configuration, whatever its clients and its clusters do.
#pragma once

#include <cstdint>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {

// Resident bytes, shared memory that the daemon touches included. The formula, which ringpostd(8) states in words:
//
//     process                     64 MiB
//     an instance                 128 MiB (librdkafka with 131,072 records inside), its board and topic names, 4 MiB
//                                 the buffer, rounded up to chunks; a quarter of it more (24 bytes for the place of
//                                 each record, and no record takes less than 112); once more what is back from the
//                                 disk; half of it for what is inside librdkafka's requests: its windows have a
//                                 quarter of the buffer; 64 bytes for each topic in each chunk, of 1 MiB or the largest
//                                 event, and where a pattern allows names for 4096 more
//     its disk                    256 bytes for each 256 KiB of spool, a quarter of the size of dead_letters
//     a client                    128 KiB: its board, its connection, its channels
//     a lane                      its size and one page: a hole that is read gets a page on our bill;
//                                 what is copied out of it: twice 256 KiB and the largest record, or twice the lane,
//                                 where that is less; a third of it more for the list of records
std::uint64_t memory_bound_bytes(const Config& config);

}  // namespace ringpost::daemon
