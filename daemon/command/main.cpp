// ringpost: publish, consume, check, reload, status, audit, dead-letters. See ringpost(1).
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "daemon/command/audit_command.hpp"
#include "daemon/command/check_command.hpp"
#include "daemon/command/command_line.hpp"
#include "daemon/command/consume_command.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/command/publish_command.hpp"
#include "daemon/command/reload_command.hpp"
#include "daemon/command/status_command.hpp"

namespace ringpost::daemon {
namespace {

constexpr const char* kPublishExamples = R"(Examples:
  ringpost publish kafkaid orders '{"id":123}' --key 123 --header source=crm
  echo '{"id":123}' | ringpost publish kafkaid orders
  ringpost publish kafkaid orders --lines --retry < events.jsonl
  ringpost publish kafkaid orders -- -5

A message that begins with a dash stands behind "--".)";

constexpr const char* kConsumeExamples = R"(Examples:
  ringpost consume kafkaid orders --until-end
  ringpost consume kafkaid orders --from end --json
  ringpost consume kafkaid orders --from 1000 --count 10 --config /etc/ringpost/ringpost.toml

Without --config the brokers come from the daemon; with it, also the instance's security properties.)";

constexpr const char* kCheckExamples = R"(Examples:
  ringpost check /etc/ringpost/ringpost.toml
  ringpost check ringpost.toml --connect)";

constexpr const char* kReloadExamples = R"(Examples:
  ringpost reload
  ringpost reload --socket /run/ringpost/ringpost.sock

As root or the user that ringpostd runs as. It ends when the configuration is in force (0), or why it is not is written (78).)";

constexpr const char* kStatusExamples = R"(Examples:
  ringpost status
  ringpost status --json --socket /run/ringpost/ringpost.sock
  ringpost status --watch)";

constexpr const char* kAuditExamples = R"(Examples:
  ringpost audit
  ringpost audit kafkaid --json

For root and the user that ringpostd runs as. Under traffic, too; the files are read as fast as the disk gives them.)";

void add_endpoint_options(CLI::App& app, EndpointOptions& endpoint) {
  app.add_option("--socket", endpoint.socket,
                 "the daemon's socket (default: RINGPOST_SOCKET, else the built-in path)")
      ->type_name("PATH");
  app.add_option("--config", endpoint.config_file,
                 "the daemon's configuration, which says where the socket is")
      ->type_name("FILE");
}

// The names and values of --header and --null-header, each in its own order; `order` is that of the command
// line.
struct HeaderOptions {
  std::vector<std::string> headers;
  std::vector<std::string> null_headers;
  CLI::Option* header = nullptr;
  CLI::Option* null_header = nullptr;
};

std::vector<PublishHeader> headers_in_order(const CLI::App& app, const HeaderOptions& options) {
  std::vector<PublishHeader> result;
  std::size_t header = 0;
  std::size_t null_header = 0;
  for (const CLI::Option* option : app.parse_order()) {
    if (option == options.header) {
      const std::string& text = options.headers.at(header++);
      const std::size_t equals = text.find('=');
      result.push_back({text.substr(0, equals), text.substr(equals + 1)});
    } else if (option == options.null_header) {
      result.push_back({options.null_headers.at(null_header++), std::nullopt});
    }
  }
  return result;
}

std::string header_problem(const std::string& text) {
  const std::size_t equals = text.find('=');
  return equals == std::string::npos || equals == 0 ? "expected NAME=VALUE" : "";
}

Command add_publish(CLI::App& root, PublishOptions& options, HeaderOptions& headers) {
  CLI::App* app = root.add_subcommand("publish", "publish one event, or one for each line of standard input");
  app->footer(footer(kPublishExamples));
  app->add_option("INSTANCE", options.instance, "the Kafka instance, as configured")->required();
  app->add_option("TOPIC", options.topic, "the topic")->required();
  CLI::Option* message =
      app->add_option("MESSAGE", options.message, "one JSON text; \"-\" or none: from standard input");
  app->add_option("--key", options.key, "the key: events of one key keep their order")->type_name("KEY");
  headers.header = app->add_option("--header", headers.headers, "a header; may be repeated")
                       ->type_name("NAME=VALUE")
                       ->allow_extra_args(false)
                       ->check(CLI::Validator(header_problem, ""));
  headers.null_header = app->add_option("--null-header", headers.null_headers, "a header with a null value")
                            ->type_name("NAME")
                            ->allow_extra_args(false);
  app->add_flag("--lines", options.lines,
                "each line of standard input is an event; blank lines are passed over");
  app->add_flag("--retry", options.retry,
                "wait and try again where that can help, from the refused event on");
  add_endpoint_options(*app, options.endpoint);
  return {app, [app, message, &options, &headers] {
            if (options.lines && message->count() != 0 && options.message != "-") {
              throw CLI::ValidationError("--lines", "reads standard input, so there can be no MESSAGE");
            }
            options.headers = headers_in_order(*app, headers);
            return run_publish(options);
          }};
}

std::string from_problem(const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
  return text == "beginning" || text == "end" || digits ? "" : "expected \"beginning\", \"end\" or an offset";
}

Command add_consume(CLI::App& root, ConsumeOptions& options) {
  CLI::App* app = root.add_subcommand("consume", "print the records of a topic");
  app->footer(footer(kConsumeExamples));
  app->add_option("INSTANCE", options.instance, "the Kafka instance, as configured")->required();
  app->add_option("TOPIC", options.topic, "the topic")->required();
  app->add_option("--from", options.from, "where each partition begins: beginning, end or an offset")
      ->type_name("WHERE")
      ->capture_default_str()
      ->check(CLI::Validator(from_problem, ""));
  app->add_option("--count", options.count, "end after so many records")->type_name("N");
  app->add_flag("--until-end", options.until_end, "end at what is the end of the topic now");
  app->add_flag("--json", options.json, "one JSON object a record");
  add_endpoint_options(*app, options.endpoint);
  return {app, [&options] { return run_consume(options); }};
}

Command add_check(CLI::App& root, CheckOptions& options) {
  CLI::App* app = root.add_subcommand("check", "say everything that is wrong in a configuration");
  app->footer(footer(kCheckExamples));
  app->add_option("FILE", options.file, "the configuration")->required();
  app->add_flag("--connect", options.connect, "also try each instance's brokers and topics");
  return {app, [&options] { return run_check(options); }};
}

Command add_reload(CLI::App& root, ReloadOptions& options) {
  CLI::App* app =
      root.add_subcommand("reload", "have the daemon take its configuration anew, without a failing call");
  app->footer(footer(kReloadExamples));
  add_endpoint_options(*app, options.endpoint);
  return {app, [&options] { return run_reload(options); }};
}

Command add_status(CLI::App& root, StatusOptions& options) {
  CLI::App* app = root.add_subcommand("status", "what the daemon has accepted, delivered and still holds");
  app->footer(footer(kStatusExamples));
  app->add_flag("--json", options.json, "as the daemon gives it");
  app->add_flag("--watch", options.watch, "once a second, until Ctrl-C");
  add_endpoint_options(*app, options.endpoint);
  return {app, [&options] { return run_status(options); }};
}

Command add_audit(CLI::App& root, AuditOptions& options) {
  CLI::App* app = root.add_subcommand(
      "audit", "count every event again, in memory and on disk, and compare with what status says");
  app->footer(footer(kAuditExamples));
  app->add_option("INSTANCE", options.instance, "one instance only");
  app->add_flag("--json", options.json, "one JSON object an instance, with every figure");
  add_endpoint_options(*app, options.endpoint);
  return {app, [&options] { return run_audit(options); }};
}

int run(int argc, char** argv) {
  CLI::App app("Publishes events through ringpostd to Apache Kafka, and looks at what becomes of them.",
               "ringpost");
  app.footer(fmt::format("{}\n\"ringpost COMMAND --help\" has each command's examples.", kExitCodes));
  app.set_version_flag("--version", std::string("ringpost ") + RINGPOST_VERSION);
  app.require_subcommand(1);
  PublishOptions publish;
  HeaderOptions headers;
  ConsumeOptions consume;
  CheckOptions check;
  ReloadOptions reload;
  StatusOptions status;
  AuditOptions audit;
  DeadLettersOptions dead_letters;
  const std::vector<Command> commands{add_publish(app, publish, headers),
                                      add_consume(app, consume),
                                      add_check(app, check),
                                      add_reload(app, reload),
                                      add_status(app, status),
                                      add_audit(app, audit),
                                      add_dead_letters(app, dead_letters)};
  try {
    app.parse(argc, argv);
    for (const Command& command : commands) {
      if (command.app->parsed()) {
        return command.run();
      }
    }
    return kExitUsage;
  } catch (const CLI::ParseError& error) {
    if (const std::string problem = command_problem(app, argc, argv); !problem.empty()) {
      fmt::print(stderr, "{}\nRun with --help for more information.\n", problem);
      return kExitUsage;
    }
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
}

}  // namespace
}  // namespace ringpost::daemon

int main(int argc, char** argv) {
  try {
    return ringpost::daemon::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "ringpost: {}\n", error.what());
    return ringpost::daemon::kExitFailed;
  }
}
