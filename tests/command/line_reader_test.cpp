#include "daemon/command/line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ringpost::daemon {
namespace {

using testing::ElementsAre;
using What = LineReader::What;

// A pipe that gives the text, in pieces of that size.
class Input {
 public:
  explicit Input(std::string text, std::size_t piece_bytes = 1 << 16) {
    (void)std::signal(SIGPIPE, SIG_IGN);  // a reader may have had enough before the end
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) {
      throw std::runtime_error("pipe");
    }
    reader_ = ends[0];
    writer_ = std::thread([text = std::move(text), piece_bytes, out = ends[1]] {
      for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
        const std::string_view piece = std::string_view(text).substr(at, piece_bytes);
        if (write(out, piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) {
          break;
        }
      }
      close(out);
    });
  }
  ~Input() {
    close(reader_);
    writer_.join();
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  int descriptor() const { return reader_; }

 private:
  int reader_ = -1;
  std::thread writer_;
};

std::vector<std::string> lines_of(const std::string& text, std::size_t line_max_bytes,
                                  std::size_t piece_bytes = 1 << 16) {
  const Input input(text, piece_bytes);
  LineReader reader(input.descriptor(), line_max_bytes);
  std::vector<std::string> lines;
  while (true) {
    const LineReader::Line line = reader.next();
    if (line.what == What::kEnd) {
      return lines;
    }
    lines.push_back(std::to_string(line.number) + (line.what == What::kTooLong ? "!" : ":") +
                    std::string(line.text));
  }
}

TEST(LineReader, GivesLinesWithTheirNumbers) {
  EXPECT_THAT(lines_of("a\nbb\n\nccc\n", 10), ElementsAre("1:a", "2:bb", "3:", "4:ccc"));
}

TEST(LineReader, TheLastLineNeedsNoEnd) { EXPECT_THAT(lines_of("a\nb", 10), ElementsAre("1:a", "2:b")); }

TEST(LineReader, NothingIsNoLine) { EXPECT_THAT(lines_of("", 10), ElementsAre()); }

TEST(LineReader, CarriageReturnsBelongToTheEnd) {
  EXPECT_THAT(lines_of("a\r\nb\rc\r\n", 10), ElementsAre("1:a", "2:b\rc"));
}

TEST(LineReader, ALineOfTheLimitIsGivenAndALongerOneIsPassedOverWhole) {
  EXPECT_THAT(lines_of("12345\n123456\n12345\r\nx\n", 5), ElementsAre("1:12345", "2!", "3:12345", "4:x"));
}

TEST(LineReader, AVeryLongLineTakesNoMemory) {
  const std::string longer(1'000'000, 'x');
  EXPECT_THAT(lines_of("a\n" + longer + "\nb\n", 100), ElementsAre("1:a", "2!", "3:b"));
  EXPECT_THAT(lines_of("a\n" + longer, 100), ElementsAre("1:a", "2!"));
}

TEST(LineReader, PiecesMakeNoDifference) {
  for (std::size_t piece = 1; piece < 8; ++piece) {
    EXPECT_THAT(lines_of("ab\r\ncdefgh\n\nij", 4, piece), ElementsAre("1:ab", "2!", "3:", "4:ij")) << piece;
  }
}

struct Whole {
  What what;
  std::string text;
};

Whole rest_of(const std::string& text, std::size_t max_bytes) {
  const Input input(text);
  LineReader reader(input.descriptor(), max_bytes);
  const LineReader::Line line = reader.rest();
  return {line.what, line.what == What::kLine ? std::string(line.text) : ""};
}

TEST(LineReader, TheRestIsEverythingButTheLastEnd) {
  EXPECT_EQ(rest_of("{\n \"a\": 1\n}\n", 100).text, "{\n \"a\": 1\n}");
  EXPECT_EQ(rest_of("1\r\n", 100).text, "1");
  EXPECT_EQ(rest_of("1\n\n", 100).text, "1\n");
  EXPECT_EQ(rest_of("1", 100).text, "1");
  EXPECT_EQ(rest_of("", 100).what, What::kLine);
  EXPECT_EQ(rest_of(std::string(200'000, '1'), 200'000).text.size(), 200'000U);
}

TEST(LineReader, ARestThatIsTooLongIsNotCut) {
  EXPECT_EQ(rest_of(std::string(200'001, '1'), 200'000).what, What::kTooLong);
  EXPECT_EQ(rest_of(std::string(1'000'000, '1'), 10).what, What::kTooLong);
}

TEST(LineReader, ADescriptorThatCantBeReadIsAnError) {
  LineReader lines(-1, 10);
  EXPECT_EQ(lines.next().what, What::kError);
  LineReader whole(-1, 10);
  EXPECT_EQ(whole.rest().what, What::kError);
}

}  // namespace
}  // namespace ringpost::daemon
