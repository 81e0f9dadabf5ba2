// The JSON check against two others: a reference that is the RFC's grammar written down (both must say the same), and
// simdjson's DOM, whose yes must be ours too. Its no is narrower than the grammar: DECISIONS.md says where.
//
//     depth u8 (0: the limit), then the text
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "client-lib/json_check.hpp"
#include "fuzz/input.hpp"
#include "fuzz/json_reference.hpp"
#include "fuzz/require.hpp"
#include "ipc/limits.hpp"

namespace ringpost::fuzz {
namespace {

bool dom_accepts(std::string_view text) {
  static simdjson::dom::parser parser;
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

void check(std::string_view text, std::size_t depth_max) {
  const json::JsonError error = json::check_json(text, depth_max);
  require(error.offset <= text.size(), "an error lies in the text");
  require(!error == reference_accepts(text, depth_max), "the check and the grammar agree");
  // The DOM counts nesting by limits of its own, and takes a byte-order mark for white space.
  if (depth_max == ipc::kJsonDepthMax && error.kind != json::JsonFault::kTooDeep &&
      error.kind != json::JsonFault::kByteOrderMark) {
    require(!error || !dom_accepts(text), "what the DOM takes is JSON");
  }
  if (!error) {
    require(static_cast<bool>(json::check_json(std::string(text) + "]", depth_max)),
            "nothing may follow a value");
    return;
  }
  // What stands before the error is the beginning of some value: the error is not seen earlier, or elsewhere.
  if (error.kind == json::JsonFault::kTooDeep) return;
  const json::JsonError cut = json::check_json(text.substr(0, error.offset), depth_max);
  require(!cut || cut.offset == error.offset, "an error is where it is reported");
}

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringpost::fuzz::Input input(data, size);
  const std::uint8_t depth = input.byte();
  ringpost::fuzz::check(input.text(size), depth == 0 ? ringpost::ipc::kJsonDepthMax : depth);
  return 0;
}
