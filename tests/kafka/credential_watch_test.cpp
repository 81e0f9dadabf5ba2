// A certificate, its key and the key's password, which an administrator replaces one after the other.
#include "kafka/credential_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "kafka/examine.hpp"
#include "kafka/key_pair.hpp"
#include "tests/support/process.hpp"

namespace ringpost::kafka {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using tests::read_file;
using tests::write_file;

class KeyPairTest : public testing::Test {
 protected:
  KeyPairTest() {
    make_pair("old", "Alt-1");
    make_pair("new", "Neu-2");
    for (const char* const each : {"pem", "key", "password"}) replace(each, "old");
  }
  // NAME.pem, NAME.key with the password, and NAME.password.
  void make_pair(const std::string& name, const std::string& password) const {
    const tests::Outcome made =
        tests::run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=" + name, "-passout",
                    "pass:" + password, "-keyout", file(name + ".key"), "-out", file(name + ".pem")});
    if (made.status != 0) throw std::runtime_error("openssl: " + made.errors);
    write_file(file(name + ".password"), password + "\n");
  }
  void replace(const std::string& suffix, const std::string& by) const {
    const std::string written = file("written");
    write_file(written, read_file(file(by + "." + suffix)));
    std::filesystem::permissions(written, std::filesystem::perms::owner_read);
    std::filesystem::rename(written, file("client." + suffix));
  }
  std::string file(const std::string& name) const { return directory_.file(name); }
  Properties properties() const {
    return {{"security.protocol", "ssl"},
            {"ssl.certificate.location", file("client.pem")},
            {"ssl.key.location", file("client.key")}};
  }
  CredentialWatch watch() const {
    return {properties(), {{"ssl.key.password", file("client.password")}}, wakeup_};
  }
  // Looks once more, and waits for what has been seen.
  std::optional<CredentialWatch::Change> look(CredentialWatch& watch) {
    watch.look_soon();
    std::optional<CredentialWatch::Change> change = watch.step(++now_ns_, false);
    EXPECT_TRUE(tests::wait_until([&] {
      change = watch.step(now_ns_, false);
      return watch.next_step_ns() != INT64_MAX;  // the look has ended
    }));
    return change;
  }
  // What a client that is made now is given.
  static bool has(const Properties& properties, const std::string& pair, const KeyPairTest& test) {
    return properties.at("ssl.certificate.pem") == read_file(test.file(pair + ".pem")) &&
           properties.at("ssl.key.pem") == read_file(test.file(pair + ".key")) &&
           properties_problem(properties).empty();
  }

  const tests::TemporaryDirectory directory_;
  Wakeup wakeup_;
  std::int64_t now_ns_ = 1;
};

TEST_F(KeyPairTest, TheOldPairIsGivenUntilAllOfTheNewOneIsThere) {
  CredentialWatch watched = watch();
  ASSERT_TRUE(has(watched.properties(), "old", *this));
  EXPECT_FALSE(look(watched));
  EXPECT_EQ(watched.problem(), "");

  replace("pem", "new");
  EXPECT_FALSE(look(watched));
  EXPECT_EQ(watched.problem(),
            file("client.key") + " is not the key of the certificate in " + file("client.pem"));
  EXPECT_TRUE(has(watched.properties(), "old", *this)) << "though a client is made now";

  replace("key", "new");
  EXPECT_FALSE(look(watched));
  EXPECT_EQ(watched.problem(), file("client.key") + " has another password than ssl.key.password is");
  EXPECT_TRUE(has(watched.properties(), "old", *this));

  replace("password", "new");
  const auto change = look(watched);
  ASSERT_TRUE(change);
  EXPECT_FALSE(change->password_alone) << "a live client does not take it";
  EXPECT_EQ(watched.problem(), "");
  EXPECT_TRUE(has(watched.properties(), "new", *this));
}

TEST_F(KeyPairTest, InAnyOrderAndWithAFileThatIsMissingForAWhile) {
  CredentialWatch watched = watch();
  replace("password", "new");
  EXPECT_FALSE(look(watched));
  EXPECT_THAT(watched.problem(), HasSubstr("has another password than ssl.key.password is"));
  std::filesystem::remove(file("client.key"));
  EXPECT_FALSE(look(watched));
  EXPECT_EQ(watched.problem(), file("client.key") + " can't be read: No such file or directory");
  replace("key", "new");
  EXPECT_FALSE(look(watched));
  EXPECT_THAT(watched.problem(), StartsWith(file("client.key") + " is not the key of"));
  EXPECT_TRUE(has(watched.properties(), "old", *this));
  replace("pem", "new");
  EXPECT_TRUE(look(watched));
  EXPECT_TRUE(has(watched.properties(), "new", *this));
}

// As `ringpost check` says it, too.
TEST_F(KeyPairTest, WhatDoesNotFitIsSaidByItsFiles) {
  Properties given = properties();
  EXPECT_EQ(properties_problem(given),
            file("client.key") + " has a password, and no ssl.key.password is given");
  given["ssl.key.password"] = "Alt-1";
  EXPECT_EQ(properties_problem(given), "");
  write_file(file("nothing.pem"), "not PEM\n");
  given["ssl.certificate.location"] = file("nothing.pem");
  EXPECT_EQ(properties_problem(given), file("nothing.pem") + " holds no certificate in PEM form");
  given["ssl.certificate.location"] = file("client.pem");
  given["ssl.key.location"] = file("nothing.pem");
  EXPECT_EQ(properties_problem(given), file("nothing.pem") + " holds no private key in PEM form");
  given["security.protocol"] = "sasl_plaintext";
  EXPECT_EQ(with_key_pair(given), given) << "nobody reads them";
}

}  // namespace
}  // namespace ringpost::kafka
