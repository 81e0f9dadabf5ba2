// The keeper's protocol: fixed-size frames over a Unix SOCK_SEQPACKET socket. The only header of this folder that
// others include.
//
//      0        4         6        8                16                                  120        128
//      ├────────┼─────────┼────────┼────────────────┼───────────────────────────────────┼──────────┤
//      │ "RKP1" │ version │ type   │ number         │ body: name, taken or text         │ count    │
//      └────────┴─────────┴────────┴────────────────┴───────────────────────────────────┴──────────┘
//
//     daemon                                    keeper
//     Take                           ──▶        waits until the former holder is dead
//                                    ◀──        Held {name}                     + descriptor, for each
//                                    ◀──        Taken {count, takes, flags}
//     Keep {name}      + descriptor  ──▶
//                                    ◀──        Kept, or Full {text, count}
//     Drop {name}                    ──▶
//                                    ◀──        Dropped {count: 1, or 0 where there was none}
//
//     and when the holder has begun anew in the same process (execve), over the connection that it had:
//     Take                           ──▶
//                                    ◀──        as above, at once
//
//     and when the keeper, or the connection, was away:
//     Offer {count: the takes known} ──▶
//                                    ◀──        Taken {count: 0, takes, flags}
//     Keep {name}      + descriptor  ──▶        for each
//                                    ◀──        Kept or Full
//     Settled                        ──▶        drops what was not offered
//                                    ◀──        Dropped {count: how many}
//
//     (anything odd)                 ──▶
//                                    ◀──        Refused {text}, and the connection ends
//
// Many questions may be on their way; the answers come in the questions' order, each with the number of its
// question (all Held with the number of the Take). A name that is held already gets the new descriptor. No frame has
// more than one descriptor. The keeper reads no further while it has no room for answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringpost::keeper {

inline constexpr std::uint32_t kFrameMagic = 0x31504B52;  // "RKP1"
inline constexpr std::uint16_t kProtocolVersion = 1;

enum class FrameType : std::uint16_t {
  kTake = 1,
  kOffer = 2,
  kKeep = 3,
  kDrop = 4,
  kSettled = 5,

  kHeld = 101,
  kTaken = 102,
  kKept = 103,
  kDropped = 104,
  kFull = 198,
  kRefused = 199,
};

inline constexpr std::size_t kNameMaxBytes = 103;  // and a zero
inline constexpr std::size_t kTextMaxBytes = 103;

// The keeper's own descriptors in systemd's store; no name of a daemon's begins like this.
inline constexpr std::string_view kReservedPrefix = "ringpost-keeper.";

// TakenBody::flags: the keeper is the daemon's parent and ends with it, when it is told to stop.
inline constexpr std::uint32_t kEndsWithDaemon = 1;
// It answers a Take of its holder, too. Keepers of before that refuse it.
inline constexpr std::uint32_t kTakesAgain = 2;

struct TakenBody {
  std::uint64_t takes;  // which take this is, from 1
  std::uint32_t flags;
  std::uint32_t zero;
};

struct Frame {
  std::uint32_t magic;
  std::uint16_t version;
  FrameType type;
  std::uint64_t number;  // of the question; its answer carries the same
  union Body {
    char name[kNameMaxBytes + 1];  // Keep, Drop, Held: zero-padded
    TakenBody taken;
    char text[kTextMaxBytes + 1];  // Full, Refused: what and what to do, zero-padded
  } body;
  std::uint64_t count;
};
static_assert(sizeof(Frame) == 128);
static_assert(offsetof(Frame, magic) == 0);
static_assert(offsetof(Frame, version) == 4);
static_assert(offsetof(Frame, type) == 6);
static_assert(offsetof(Frame, number) == 8);
static_assert(offsetof(Frame, body) == 16);
static_assert(offsetof(Frame, count) == 120);
static_assert(sizeof(Frame::Body) == 104);
static_assert(sizeof(TakenBody) == 16);

// All zeros but the header.
inline Frame make_frame(FrameType type, std::uint64_t number) {
  Frame frame{};
  frame.magic = kFrameMagic;
  frame.version = kProtocolVersion;
  frame.type = type;
  frame.number = number;
  return frame;
}

// Printable ASCII without spaces and colons, at least one character: systemd takes it as FDNAME, too.
inline bool is_name(std::string_view name) {
  if (name.empty() || name.size() > kNameMaxBytes) return false;
  for (const char letter : name) {
    if (letter <= ' ' || letter >= 0x7F || letter == ':') return false;
  }
  return true;
}

inline bool is_reserved(std::string_view name) { return name.starts_with(kReservedPrefix); }

// Of a zero-padded field that a peer filled; stops at its end where there is no zero.
template <std::size_t N>
std::string_view text_of(const char (&field)[N]) {
  std::size_t size = 0;
  while (size < N && field[size] != '\0') ++size;
  return {&field[0], size};
}

// What does not fit is cut off; a zero stays at the end.
template <std::size_t N>
void set_text(char (&field)[N], std::string_view text) {
  for (std::size_t at = 0; at < N; ++at) field[at] = at < text.size() && at + 1 < N ? text[at] : '\0';
}

}  // namespace ringpost::keeper
