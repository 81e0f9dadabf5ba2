// Finds the dead letters' files and reads them, beside a daemon that may be writing.
#pragma once

#include <functional>

#include "daemon/command/dead_letters.hpp"
#include "daemon/store/files.hpp"
#include "daemon/store/segment_layout.hpp"

namespace ringpost::daemon {

// Is given each letter that passes the filter, by instance and then from the oldest on. Its views are gone afterwards.
using LetterSink = std::function<void(const StoredLetter& letter, LetterState state, Place place)>;

// The exit code: kExitOk when all was read; else what could not be read has been said on stderr, and what could be has
// been given to the sink.
int read_dead_letters(Files& files, const DeadLettersOptions& options, const LetterSink& sink);

// kExitFailed, and says so on stderr, when what was printed did not reach where it was to go: a full disk, for example.
int finish_output(int exit_code);

}  // namespace ringpost::daemon
