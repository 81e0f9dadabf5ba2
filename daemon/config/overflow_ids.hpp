// The ids that the kernel shows for every user and every group that has no number in our user namespace: 65534, unless this
// machine's kernel.overflowuid and kernel.overflowgid say otherwise.
#pragma once

#include <sys/types.h>

namespace ringpost::daemon {

uid_t overflow_uid();
gid_t overflow_gid();

}  // namespace ringpost::daemon
