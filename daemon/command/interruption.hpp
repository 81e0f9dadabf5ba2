// SIGINT and SIGTERM as a wish to stop: the command says how far it came before it ends by that signal.
#pragma once

namespace ringpost::daemon {

// From now on the two signals are noted, and interrupt what waits (EINTR).
void watch_for_interruption();

bool interrupted();

// Ends the process by the signal that was noted, so that the shell sees what it sent. Returns if none was.
void end_as_interrupted();

}  // namespace ringpost::daemon
