// How long a cache line takes from one processor to another and back: what every ring in shared memory is made of, and
// what a virtual machine moves between 50 and 500 ns. Measured before and after each cell, so that cells can be compared.
#pragma once

namespace ringpost::bench {

// The median of several hundred hand-overs, in ns; 0 on a machine of one processor.
double line_round_trip_ns();

}  // namespace ringpost::bench
