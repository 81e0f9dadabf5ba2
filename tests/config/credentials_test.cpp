// Secrets in files of their own: read_secret() and the keys that name them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/config.hpp"
#include "kafka/secrets.hpp"

namespace ringpost::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class Credentials : public testing::Test {
 protected:
  Credentials() {
    std::string name = (std::filesystem::temp_directory_path() / "ringpost-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
  }
  ~Credentials() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, const std::string& text, mode_t mode = 0640) const {
    const std::string path = directory_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }

  static std::string refusal_of(const std::string& path, const std::string& property = "sasl.password") {
    try {
      return "taken: " + kafka::read_secret(property, path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  // An instance with these lines, and SASL as librdkafka wants it.
  static LoadResult parsed(const std::string& lines, bool is_public = false) {
    return parse("[instance.a]\nbrokers = [\"b:1\"]\ntopics = [\"*\"]\n" + lines +
                     "\n[instance.a.librdkafka]\n\"security.protocol\" = \"sasl_plaintext\"\n"
                     "\"sasl.mechanism\" = \"PLAIN\"\n",
                 is_public);
  }
  static std::vector<std::string> problems_of(const LoadResult& result) {
    std::vector<std::string> lines;
    for (const ConfigProblem& problem : result.problems) lines.push_back(to_string(problem, "F"));
    return lines;
  }

  std::filesystem::path directory_;
};

TEST_F(Credentials, ASecretIsTheFileWithoutItsLastNewLine) {
  EXPECT_EQ(kafka::read_secret("sasl.password", file("a", "hunter2")), "hunter2");
  EXPECT_EQ(kafka::read_secret("sasl.password", file("b", "hunter2\n")), "hunter2");
  EXPECT_EQ(kafka::read_secret("sasl.password", file("c", "hunter2\r\n")), "hunter2");
  EXPECT_EQ(kafka::read_secret("sasl.password", file("d", " hunter2 ", 0400)), " hunter2 ");
  EXPECT_EQ(kafka::read_secret("ssl.key.pem", file("e", "one\ntwo\n")), "one\ntwo");
  EXPECT_EQ(kafka::read_secret("sasl.password", file("f", std::string(64 * 1024, 'x'))).size(), 64U * 1024);
}

TEST_F(Credentials, WhatIsNoSecretIsRefusedAndNotShown) {
  EXPECT_THAT(refusal_of(directory_ / "nothing"), HasSubstr("nothing can't be opened: No such file"));
  EXPECT_THAT(refusal_of("/run/credentials/none.service/x"), HasSubstr("are there while it runs"));
  EXPECT_THAT(refusal_of(directory_), HasSubstr("is not a regular file"));
  EXPECT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(refusal_of(directory_ / "fifo"), HasSubstr("is not a regular file"));
  EXPECT_THAT(refusal_of(file("a", "hunter2", 0644)),
              HasSubstr("is open to everybody (mode 0644): chmod o-rwx"));
  EXPECT_THAT(refusal_of(file("b", "hunter2", 0642)), HasSubstr("is open to everybody (mode 0642)"));
  EXPECT_THAT(refusal_of(file("c", "")), HasSubstr("is empty"));
  EXPECT_THAT(refusal_of(file("d", "\n")), HasSubstr("is empty"));
  EXPECT_THAT(refusal_of(file("e", "hunter2\nhunter3\n")), HasSubstr("has more than one line"));
  EXPECT_THAT(refusal_of(file("f", std::string("hunter2\0", 8))), HasSubstr("holds a NUL character"));
  EXPECT_THAT(refusal_of(file("g", std::string(64 * 1024 + 1, 'x'))), HasSubstr("has more than 64 KiB"));
  for (const char* name : {"a", "b", "e", "f"})
    EXPECT_THAT(refusal_of(directory_ / name), Not(HasSubstr("hunter")));
}

TEST_F(Credentials, TheKeysNameThem) {
  const std::string password = file("password", "hunter2\n");
  const std::string key = file("key", "hunter3\n");
  const LoadResult result = parsed("username = \"crm\"\npassword_file = \"" + password +
                                   "\"\nsecret_files = { \"ssl.key.password\" = \"" + key + "\" }");
  ASSERT_THAT(problems_of(result), IsEmpty());
  const InstanceConfig& instance = result.config->instances[0];
  EXPECT_EQ(instance.librdkafka.at("sasl.username"), "crm");
  EXPECT_THAT(instance.secret_files,
              ElementsAre(Pair("sasl.password", password), Pair("ssl.key.password", key)));
  EXPECT_FALSE(instance.librdkafka.contains("sasl.password")) << "a secret stays in its file";
}

TEST_F(Credentials, AMistakeIsSaidWhereItStands) {
  const std::string password = file("password", "hunter2\n");
  const std::string open = file("open", "hunter2\n", 0644);
  const std::string files = "username = \"crm\"\nsecret_files = { ";
  EXPECT_THAT(problems_of(parsed("username = \"crm\"\npassword_file = \"" + open + "\"")),
              ElementsAre("F:5:17: instance.a.password_file: " + open +
                          " is open to everybody (mode 0644): chmod o-rwx it"));
  EXPECT_THAT(problems_of(parsed("username = \"crm\"\npassword_file = \"password\"")),
              ElementsAre("F:5:17: instance.a.password_file: is \"password\"; expected an absolute path"));
  EXPECT_THAT(
      problems_of(parsed("username = \"crm\"\npassword_file = 1")),
      ElementsAre("F:5:17: instance.a.password_file: is an integer; expected a file's path in quotes"));
  EXPECT_THAT(problems_of(parsed("username = \"\"\npassword_file = \"" + password + "\"")),
              ElementsAre("F:4:12: instance.a.username: is empty"));
  EXPECT_THAT(problems_of(parsed("password_file = \"" + password + "\"\n" + files + "\"sasl.password\" = \"" +
                                 password + "\" }")),
              ElementsAre("F:6:36: instance.a.secret_files.\"sasl.password\": is for librdkafka's "
                          "sasl.password, which is given twice"));
  EXPECT_THAT(
      problems_of(
          parsed("password_file = \"" + password + "\"\n" + files + "\"ssl.key.location\" = \"/x\" }")),
      ElementsAre(StartsWith("F:6:18: instance.a.secret_files.\"ssl.key.location\": is not a property of "
                             "librdkafka that holds a secret; those are ")));
  EXPECT_THAT(
      problems_of(parsed("password_file = \"" + password + "\"")),
      ElementsAre("F:5:1: instance.a.librdkafka: librdkafka refuses these properties: sasl.username and "
                  "sasl.password must be set"));
}

TEST_F(Credentials, NoneStandsInAFileThatEverybodyMayRead) {
  const std::string text =
      "[instance.a]\nbrokers = [\"b:1\"]\ntopics = [\"*\"]\n[instance.a.librdkafka]\n"
      "\"sasl.password\" = \"hunter2\"\n";
  EXPECT_THAT(problems_of(load(file("private.toml", text, 0640))), IsEmpty());
  const std::string open = file("open.toml", text, 0644);
  EXPECT_THAT(
      problems_of(load(open)),
      ElementsAre("F:5:1: instance.a.librdkafka.\"sasl.password\": is a secret, and everybody may read this "
                  "file: name a file that holds it in 'password_file' or 'secret_files', or chmod o-r "
                  "this one"));
}

}  // namespace
}  // namespace ringpost::daemon
