// The control protocol: fixed-size frames over a Unix SOCK_SEQPACKET socket. The client asks, the daemon
// answers, one question at a time. Descriptors travel from the daemon to the client only.
//
//     client                               daemon
//     Hello {name, clock, pid}      ──▶
//                                   ◀──    Welcome {client id, instance count}        + client board
//     OpenInstance {index}          ──▶
//                                   ◀──    Instance {name, lane size, ...}            + instance board,
//                                   doorbell
//     OpenLane {index}              ──▶
//                                   ◀──    Lane {lane id, slot, capacity}             + lane
//     Ping                          ──▶
//                                   ◀──    Pong
//     Status                        ──▶
//                                   ◀──    StatusText {size}                          + sealed memory with
//                                   JSON
//     Audit {instance}              ──▶
//                                   ◀──    StatusText {size}                          + sealed memory with
//                                   JSON
//     Letters {instance, ...}       ──▶
//                                   ◀──    LettersDone {results}
//     (any)                         ──▶
//                                   ◀──    Refused {code, text}
//
// When the daemon dies a keeper process holds the connection, the lanes and the doorbells. Nobody answers for a while;
// then another daemon serves the connection and says so, unasked. Frames of the client are dropped until it says hello
// again and names that daemon in it (a hello that was on its way to a daemon in between must not be taken for the
// answer); what the old daemon had answered may still lie before it and is valid.
//
//                                   ◀──    Adopted {generation}
//     Hello {.., generation, lanes} ──▶
//                                   ◀──    Welcome {.., generation}                    + client board
//     OpenInstance {index} ...      ──▶
//     Ping {generation}             ──▶    once no publisher looks at an older daemon's boards any more
//
// Status, Audit and Letters may also be asked instead of the Hello: who asks so is no client, and its connection ends with
// the answer. Audit counts everything again; Letters decides what becomes of dead letters; both are for root and the
// daemon's own user.
//
// A question that comes before the last answer was read ends the connection: descriptors in flight are
// charged to the daemon's user, and so there is at most one message of them for each client. The end of the
// connection is the client's end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

inline constexpr std::uint32_t kFrameMagic = 0x31504352;  // "RCP1"
inline constexpr std::uint16_t kProtocolVersion = 1;

enum class FrameType : std::uint16_t {
  kHello = 1,
  kOpenInstance = 2,
  kOpenLane = 3,
  kPing = 4,
  kStatus = 5,
  kLetters = 6,
  kAudit = 7,

  kWelcome = 101,
  kInstance = 102,
  kLane = 103,
  kPong = 104,
  kStatusText = 105,
  kLettersDone = 107,
  kAdopted = 106,  // unasked, number 0: another daemon serves this connection, say hello again
  kRefused = 199,
};

// Why the daemon says no to a frame. The numbers are the protocol's.
enum class Refusal : std::uint32_t {
  kVersion = 1,         // this protocol version is not spoken here
  kClock = 2,           // the client's CLOCK_MONOTONIC is another one: a time namespace of its own
  kTooManyClients = 3,  // of this user, or in all
  kNoSuchInstance = 4,
  kDenied = 5,        // not for this user
  kTooManyLanes = 6,  // the channel's limit
  kNoResources = 7,   // descriptors or memory: try again later
  kStopping = 8,
  kTooManyConnections = 9,  // of this user, or in all: said unasked, then the connection is closed
  kLaneMemory = 10,         // the lanes' bytes: of this user, or in all
};
inline constexpr std::size_t kRefusalCount = 11;  // the largest, and one for "none"

// "too_many_clients": as logs, status and documents call it.
std::string_view name_of(Refusal refusal);

struct HelloBody {
  char client_name[kClientNameMaxBytes];  // zero-padded; for people
  std::int64_t clock_ns;                  // CLOCK_MONOTONIC at sending
  std::int32_t pid;                       // as the client sees it; for people, never for decisions
  std::uint32_t generation;               // of the last Adopted on this connection; 0: none came
  // A bit for each slot of the client board whose lane this client holds (bit slot % 8 of byte slot / 8); none in a
  // first hello.
  std::uint8_t lanes[kBoardSlotsMax / 8];
};

struct IndexBody {  // OpenInstance, OpenLane; Ping, Adopted
  // Adopted: the generation of the daemon that says so. Ping: the generation whose boards all lanes of this client use, so that no publisher looks at older ones; 0 until
  // then, and where the daemon's generation is 0.
  std::uint32_t index;
  std::uint32_t zero;
};

struct WelcomeBody {
  std::uint64_t client_id;
  std::uint32_t instance_count;
  std::uint32_t ping_interval_ms;
  std::uint32_t
      daemon_grace_ms;  // how long calls go on into lanes while no daemon answers; 0: no keeper, no grace
  std::uint32_t generation;  // which daemon this is, counted by the keeper from 1; 0: no keeper
};

struct InstanceBody {
  char name[kInstanceNameMaxBytes];  // zero-padded
  std::uint64_t lane_bytes;
  std::uint32_t lanes_max;  // for this client and instance
  std::uint32_t allowed;    // 0: this user may not use it, and no descriptor comes
};

struct LaneBody {
  std::uint64_t lane_id;
  std::uint64_t capacity_bytes;
  std::uint32_t slot;  // on the client board
  std::uint32_t zero;
};

struct StatusTextBody {
  std::uint64_t size_bytes;
};

struct AuditBody {
  char instance[kInstanceNameMaxBytes];  // zero-padded
};

enum class LetterAction : std::uint32_t { kReplay = 1, kPurge = 2 };

// What has become of one that was named. The numbers are the protocol's.
enum class LetterResult : std::uint32_t {
  kDone = 0,           // purged; or accepted once more, and marked as replayed when that has ended
  kNotFound = 1,       // it has been removed (dead_letters.size, dead_letters.age), or was never there
  kVoided = 2,         // decided already: it was acknowledged after all,
  kReplayed = 3,       // it has been replayed,
  kPurged = 4,         // it has been purged,
  kBeingReplayed = 5,  // it is on its way
  kNoRoom = 6,         // in the buffer, now
  kTopicNotAllowed = 7,
  kTooLarge = 8,
  kDisabled = 9,     // the instance is switched off
  kNoBytes = 10,     // the letter has lost its event
  kNotWritten = 11,  // the disk did not take the decision: it is tried again
};
inline constexpr std::size_t kLetterResultCount = 12;
// "done", "topic_not_allowed": as the command prints it. "unknown" for what a later version says.
std::string_view name_of(LetterResult result);

// A dead letter: the packed place of daemon/store, and the sequence of its event, for a place says nothing of another
// folder.
struct LetterName {
  std::uint64_t place;
  std::uint64_t sequence;
};
inline constexpr std::size_t kLettersAtOnceMax = 8;

struct LettersBody {
  char instance[kInstanceNameMaxBytes];  // zero-padded
  std::uint32_t action;                  // LetterAction
  std::uint32_t count;                   // of letters[]
  LetterName letters[kLettersAtOnceMax];
};

struct LettersDoneBody {
  std::uint32_t count;                       // as in the question
  std::uint32_t results[kLettersAtOnceMax];  // LetterResult
};

struct RefusedBody {
  std::uint32_t refusal;  // Refusal
  char text[188];         // zero-padded: what, where, what to do
};

struct FrameHeader {
  std::uint32_t magic;
  std::uint16_t version;
  FrameType type;
  std::uint64_t number;  // of the question, from 1; its answer carries the same
};

struct Frame {
  FrameHeader header;
  union Body {
    HelloBody hello;
    IndexBody index;
    WelcomeBody welcome;
    InstanceBody instance;
    LaneBody lane;
    StatusTextBody status_text;
    AuditBody audit;
    LettersBody letters;
    LettersDoneBody letters_done;
    RefusedBody refused;
    std::byte bytes[208];
  } body;
};
static_assert(sizeof(HelloBody) == 208);
static_assert(offsetof(HelloBody, generation) == 76);
static_assert(offsetof(HelloBody, lanes) == 80);
static_assert(sizeof(LettersBody) == 200);
static_assert(offsetof(LettersBody, letters) == 72);
static_assert(sizeof(LettersDoneBody) == 36);
static_assert(sizeof(IndexBody) == 8);
static_assert(sizeof(WelcomeBody) == 24);
static_assert(offsetof(WelcomeBody, generation) == 20);
static_assert(sizeof(FrameHeader) == 16);
static_assert(sizeof(Frame) == 224);
static_assert(offsetof(Frame, body) == 16);

// All zeros but the header.
Frame make_frame(FrameType type, std::uint64_t number);
Frame make_refusal(std::uint64_t number, Refusal refusal, std::string_view text);

// Sizes and magic; the version is looked at by who can answer about it.
bool is_frame(const void* bytes, std::size_t size_bytes, Frame& frame);

inline void set_lane(HelloBody& hello, std::uint32_t slot) {  // slot < kBoardSlotsMax
  hello.lanes[slot / 8] = static_cast<std::uint8_t>(hello.lanes[slot / 8] | 1U << slot % 8);
}
inline bool has_lane(const HelloBody& hello, std::uint32_t slot) {
  return slot < kBoardSlotsMax && (hello.lanes[slot / 8] >> slot % 8 & 1) != 0;
}

// A zero-padded text field that a peer filled; stops at its end where there is no zero.
template <std::size_t N>
std::string_view text_field(const char (&field)[N]) {
  std::size_t size = 0;
  while (size < N && field[size] != '\0') ++size;
  return {field, size};
}
template <std::size_t N>
void set_text_field(char (&field)[N], std::string_view text) {
  for (std::size_t at = 0; at < N; ++at) field[at] = at < text.size() ? text[at] : '\0';
}

}  // namespace ringpost::ipc
