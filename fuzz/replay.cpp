// A fuzzer's main where there is no libFuzzer: gives it each file that is named, or that lies in a folder that is
// named, once.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t replay(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) files += replay(entry.path());
    return files;
  }
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::printf("%s: %zu bytes\n", path.c_str(), content.size());
  std::fflush(stdout);  // the last line names the file that ends the process
  // In memory of its own size, so that a sanitizer sees a read behind its end.
  const std::vector<std::uint8_t> exact(content.begin(), content.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  for (int at = 1; at < argc; ++at) files += replay(argv[at]);
  std::printf("%zu inputs\n", files);
  std::fflush(stdout);
  // What the fuzzers set up lives as long as the process, and so do its threads: nothing may be destroyed under them.
  _exit(files == 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
