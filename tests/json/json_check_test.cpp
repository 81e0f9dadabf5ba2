// Each kind of text that the grammar knows, by hand. json_oracle.py compares with another implementation.
#include "client-lib/json_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>

#include "ipc/limits.hpp"

namespace ringpost::json {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kDepthMax = ipc::kJsonDepthMax;

constexpr auto name_of_case = [](const auto& parameter) { return parameter.param.name; };

struct Valid {
  const char* name;
  std::string_view text;
};
void PrintTo(const Valid& valid, std::ostream* out) { *out << valid.name; }

class ValidText : public testing::TestWithParam<Valid> {};

TEST_P(ValidText, is_accepted) {
  const JsonError error = check_json(GetParam().text, kDepthMax);
  EXPECT_EQ(error.kind, JsonFault::kNone) << to_string(error.kind) << " at " << error.offset;
}

INSTANTIATE_TEST_SUITE_P(
    Json, ValidText,
    testing::Values(
        Valid{"object", R"({"a":1,"b":[true,false,null],"c":{"d":"e"}})"}, Valid{"empty_object", "{}"},
        Valid{"empty_array", "[]"}, Valid{"empty_containers_inside", R"([{},[],{"a":{}},[[]]])"},
        Valid{"all_white_space", " \t\r\n{ \"a\" :\n[ 1 ,\t2 ] \r} \n"}, Valid{"empty_name", R"({"":0})"},
        Valid{"duplicate_names", R"({"a":1,"a":2})"}, Valid{"scalar_null", "null"},
        Valid{"scalar_true", "true"}, Valid{"scalar_false", "false"}, Valid{"scalar_string", R"("text")"},
        Valid{"scalar_empty_string", R"("")"}, Valid{"scalar_number", "42"},
        Valid{"scalar_with_space", " 7 "}, Valid{"zero", "0"}, Valid{"minus_zero", "-0"},
        Valid{"long_integer", "100000000000000000000"},
        Valid{"very_long_integer", "[123456789012345678901234567890]"}, Valid{"beyond_double", "1e400"},
        Valid{"below_double", "-1E-400"}, Valid{"fraction", "[-0.5,1.25,0.0,12.034e+10,1e-7,1E5]"},
        Valid{"zero_exponent", "0e0"}, Valid{"lone_high_surrogate", R"("\ud800")"},
        Valid{"lone_low_surrogate", R"("\uDFFF")"}, Valid{"surrogate_pair", R"("\ud83d\ude00")"},
        Valid{"every_escape", R"("\"\\\/\b\f\n\r\t\u00e9")"}, Valid{"escaped_nul", R"("\u0000")"},
        Valid{"delete_character", "\"\x7F\""}, Valid{"two_byte_characters", "\"\xC2\x80\xDF\xBF\""},
        Valid{"three_byte_characters", "\"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\""},
        Valid{"four_byte_characters", "\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\""},
        Valid{"byte_order_mark_inside", "\"\xEF\xBB\xBF\""}, Valid{"string_of_eight", R"("12345678")"},
        Valid{"string_of_seven", R"("1234567")"}, Valid{"quote_behind_eight", R"(["12345678\"","x"])"}),
    name_of_case);

struct Invalid {
  const char* name;
  std::string_view text;
  JsonFault kind;
  std::size_t offset;
};
void PrintTo(const Invalid& invalid, std::ostream* out) { *out << invalid.name; }

class InvalidText : public testing::TestWithParam<Invalid> {};

TEST_P(InvalidText, is_refused_with_kind_and_offset) {
  const JsonError error = check_json(GetParam().text, kDepthMax);
  EXPECT_EQ(error.kind, GetParam().kind) << to_string(error.kind);
  EXPECT_EQ(error.offset, GetParam().offset);
}

INSTANTIATE_TEST_SUITE_P(
    Structure, InvalidText,
    testing::Values(Invalid{"empty", "", JsonFault::kEmpty, 0},
                    Invalid{"only_space", " \n", JsonFault::kEmpty, 2},
                    Invalid{"byte_order_mark", "\xEF\xBB\xBF{}", JsonFault::kByteOrderMark, 0},
                    Invalid{"only_byte_order_mark", "\xEF\xBB\xBF", JsonFault::kByteOrderMark, 0},
                    Invalid{"utf16_byte_order_mark", "\xFF\xFE{\0}\0"sv, JsonFault::kInvalidUtf8, 0},
                    Invalid{"nul_first", "\0"sv, JsonFault::kNul, 0},
                    Invalid{"nul_behind", "{}\0"sv, JsonFault::kNul, 2},
                    Invalid{"nul_in_string", "\"a\0b\""sv, JsonFault::kNul, 2},
                    Invalid{"nul_in_array", "[1,\0]"sv, JsonFault::kNul, 3},
                    Invalid{"two_values", "{}{}", JsonFault::kSecondValue, 2},
                    Invalid{"two_lines", "1\n2", JsonFault::kSecondValue, 2},
                    Invalid{"extra_bracket", "[]]", JsonFault::kSecondValue, 2},
                    Invalid{"comma_behind", "1,", JsonFault::kSecondValue, 1},
                    Invalid{"open_object", "{", JsonFault::kTruncated, 1},
                    Invalid{"open_array", "[1", JsonFault::kTruncated, 2},
                    Invalid{"open_string", "\"abc", JsonFault::kTruncated, 4},
                    Invalid{"trailing_comma", "[1,]", JsonFault::kUnexpected, 3},
                    Invalid{"trailing_comma_in_object", R"({"a":1,})", JsonFault::kUnexpected, 7},
                    Invalid{"leading_comma", "[,1]", JsonFault::kUnexpected, 1},
                    Invalid{"no_comma", "[1 2]", JsonFault::kUnexpected, 3},
                    Invalid{"wrong_bracket", "[1}", JsonFault::kUnexpected, 2},
                    Invalid{"wrong_bracket_of_object", R"({"a":1])", JsonFault::kUnexpected, 6},
                    Invalid{"wrong_bracket_after_inner", R"([{"a":1}})", JsonFault::kUnexpected, 8},
                    Invalid{"unquoted_name", "{a:1}", JsonFault::kUnexpected, 1},
                    Invalid{"number_as_name", "{1:1}", JsonFault::kUnexpected, 1},
                    Invalid{"no_colon", R"({"a" 1})", JsonFault::kUnexpected, 5},
                    Invalid{"colon_in_array", R"(["a":1])", JsonFault::kUnexpected, 4},
                    Invalid{"no_value", R"({"a":})", JsonFault::kUnexpected, 5},
                    Invalid{"single_quotes", "'a'", JsonFault::kUnexpected, 0},
                    Invalid{"comment", "/**/1", JsonFault::kUnexpected, 0},
                    Invalid{"form_feed_as_space", "\f1", JsonFault::kUnexpected, 0},
                    Invalid{"no_break_space", "\xC2\xA0{}", JsonFault::kUnexpected, 0},
                    Invalid{"undefined", "undefined", JsonFault::kUnexpected, 0}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Scalars, InvalidText,
    testing::Values(Invalid{"nan", "NaN", JsonFault::kUnexpected, 0},
                    Invalid{"infinity", "-Infinity", JsonFault::kBadNumber, 1},
                    Invalid{"plus", "+1", JsonFault::kUnexpected, 0},
                    Invalid{"leading_zero", "01", JsonFault::kBadNumber, 1},
                    Invalid{"minus_leading_zero", "[-012]", JsonFault::kBadNumber, 3},
                    Invalid{"minus_alone", "[-]", JsonFault::kBadNumber, 2},
                    Invalid{"point_without_digits", "[1.]", JsonFault::kBadNumber, 3},
                    Invalid{"point_first", ".5", JsonFault::kUnexpected, 0},
                    Invalid{"exponent_without_digits", "[1e]", JsonFault::kBadNumber, 3},
                    Invalid{"exponent_sign_alone", "[1e+]", JsonFault::kBadNumber, 4},
                    Invalid{"hexadecimal", "0x1F", JsonFault::kSecondValue, 1},
                    Invalid{"number_cut_off", "1.", JsonFault::kTruncated, 2},
                    Invalid{"capital_true", "True", JsonFault::kUnexpected, 0},
                    Invalid{"literal_misspelt", "[nul]", JsonFault::kBadLiteral, 4},
                    Invalid{"literal_cut_off", "fals", JsonFault::kTruncated, 4},
                    Invalid{"literal_too_long", "nulll", JsonFault::kSecondValue, 4},
                    Invalid{"line_feed_in_string", "\"a\nb\"", JsonFault::kControlCharacter, 2},
                    Invalid{"control_behind_eight", "\"12345678\x1F\"", JsonFault::kControlCharacter, 9},
                    Invalid{"unknown_escape", R"("\x41")", JsonFault::kBadEscape, 2},
                    Invalid{"capital_u", R"("\U0041")", JsonFault::kBadEscape, 2},
                    Invalid{"short_unicode_escape", R"("\u00e")", JsonFault::kBadEscape, 6},
                    Invalid{"unicode_escape_not_hexadecimal", R"("\u00zz")", JsonFault::kBadEscape, 5},
                    Invalid{"escape_cut_off", R"("\)", JsonFault::kTruncated, 2},
                    Invalid{"quote_escaped_at_end", R"("\")", JsonFault::kTruncated, 3}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Utf8, InvalidText,
    testing::Values(Invalid{"continuation_alone", "\"\x80\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"overlong_two", "\"\xC0\xAF\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"overlong_three", "\"ab\xE0\x9F\xBF\"", JsonFault::kInvalidUtf8, 3},
                    Invalid{"overlong_four", "\"\xF0\x8F\xBF\xBF\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"encoded_surrogate", "\"\xED\xA0\x80\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"beyond_unicode", "\"\xF4\x90\x80\x80\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"lead_f5", "\"\xF5\x80\x80\x80\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"cut_off_by_quote", "\"\xE2\x82\"", JsonFault::kInvalidUtf8, 1},
                    Invalid{"cut_off_by_end", "\"\xE2\x82", JsonFault::kInvalidUtf8, 1},
                    Invalid{"latin_1", "{\"a\":\"caf\xE9\"}", JsonFault::kInvalidUtf8, 9},
                    Invalid{"outside_a_string", "[\xFF]", JsonFault::kInvalidUtf8, 1},
                    Invalid{"after_a_grammar_error", "[1 2,\"\xFF\"]", JsonFault::kUnexpected, 3},
                    Invalid{"before_a_grammar_error", "[\"\xFF\" 2]", JsonFault::kInvalidUtf8, 2}),
    name_of_case);

std::string nested(std::size_t depth, char open, char close, const std::string& inside) {
  return std::string(depth, open) + inside + std::string(depth, close);
}

TEST(JsonDepth, as_deep_as_the_limit_is_valid_and_one_more_is_not) {
  EXPECT_FALSE(check_json(nested(kDepthMax, '[', ']', ""), kDepthMax));
  const JsonError error = check_json(nested(kDepthMax + 1, '[', ']', ""), kDepthMax);
  EXPECT_EQ(error.kind, JsonFault::kTooDeep);
  EXPECT_EQ(error.offset, kDepthMax);
}

TEST(JsonDepth, a_smaller_limit_holds_and_a_larger_one_counts_as_the_largest) {
  EXPECT_FALSE(check_json("[[1]]", 2));
  EXPECT_EQ(check_json("[[[1]]]", 2).kind, JsonFault::kTooDeep);
  EXPECT_EQ(check_json("[]", 0).kind, JsonFault::kTooDeep);
  EXPECT_FALSE(check_json("1", 0));
  EXPECT_EQ(check_json(nested(kDepthMax + 1, '[', ']', ""), kDepthMax * 2).kind, JsonFault::kTooDeep);
}

TEST(JsonDepth, objects_and_arrays_are_told_apart_at_every_depth) {
  // Every third container is an object: 64 is no multiple of 3, so that each bit of the stack is seen both
  // ways.
  std::string opening;
  std::string closing;
  for (std::size_t depth = 0; depth < kDepthMax; ++depth) {
    const bool object = depth % 3 == 0;
    opening += object ? R"({"a":)" : "[";
    closing.insert(closing.begin(), object ? '}' : ']');
  }
  EXPECT_FALSE(check_json(opening + "1" + closing, kDepthMax));
  for (std::size_t at = 0; at < closing.size(); ++at) {
    std::string wrong = closing;
    wrong[at] = wrong[at] == '}' ? ']' : '}';
    const JsonError error = check_json(opening + "1" + wrong, kDepthMax);
    ASSERT_EQ(error.kind, JsonFault::kUnexpected) << at;
    ASSERT_EQ(error.offset, opening.size() + 1 + at);
  }
}

TEST(JsonDepth, closed_containers_do_not_count) {
  std::string wide = "[";
  for (int item = 0; item < 5000; ++item) wide += "{\"a\":[]},";
  EXPECT_FALSE(check_json(wide + "0]", 3));
}

TEST(JsonText, every_truncation_of_an_object_is_refused) {
  const std::string whole = R"({"a":[1,2.5e-3,"\u00e9\n"],"b":{"c":null,"d":true},"e":"12345678\"9"})";
  ASSERT_FALSE(check_json(whole, kDepthMax));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const JsonError error = check_json(std::string_view(whole).substr(0, size), kDepthMax);
    EXPECT_EQ(error.kind, JsonFault::kTruncated) << size;
    EXPECT_EQ(error.offset, size);
  }
}

TEST(JsonText, nothing_behind_the_text_is_read) {
  // On the heap and exactly as long as the text: address sanitizer sees one byte too many.
  for (const std::string_view text :
       {"\"12345678"sv, "123456"sv, "tru"sv, "[\"\\u12"sv, "\"\xE2\x82"sv, "{\"a\""sv}) {
    for (std::size_t size = 0; size <= text.size(); ++size) {
      const std::unique_ptr<char[]> exact(new char[size == 0 ? 1 : size]);
      std::copy_n(text.data(), size, exact.get());
      (void)check_json({exact.get(), size}, kDepthMax);
    }
  }
}

}  // namespace
}  // namespace ringpost::json
