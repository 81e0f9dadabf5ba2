// The command line of `ringpost dead-letters`.
#include <fmt/format.h>

#include <chrono>

#include "daemon/command/command_line.hpp"
#include "daemon/command/dead_letters_filter.hpp"
#include "daemon/config/values.hpp"
#include "ipc/record.hpp"

namespace ringpost::daemon {
namespace {

constexpr const char* kDeadLettersExamples = R"(Examples:
  ringpost dead-letters list --since 2h
  ringpost dead-letters list --instance kafkaid --topic 'crm.*' --reason timed_out --json
  ringpost dead-letters show 7721f55e-9d0f-4d02-a213-43aa16ba0b47-17
  ringpost dead-letters export --state all > letters.jsonl
  ringpost dead-letters replay --reason timed_out --since 2h --dry-run
  ringpost dead-letters purge --id 7721f55e-9d0f-4d02-a213-43aa16ba0b47-17

The files are those in the configuration's state_dir. For replay and purge the daemon has to run, and it says no to everybody
but root and its own user; the others need no daemon.)";

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

void add_moment(CLI::App& app, const std::string& name, std::int64_t& moment_ms, const std::string& what) {
  app.add_option_function<std::string>(
         name,
         [name, &moment_ms](const std::string& text) {
           const auto moment = parse_moment(text, now_ms());
           if (!moment) {
             throw CLI::ValidationError(
                 name,
                 fmt::format(
                     "{} is no time; expected one such as 2026-11-22T23:28:43Z, 2026-11-22, or \"2h\" ago",
                     in_quotes(text)));
           }
           moment_ms = *moment;
         },
         what)
      ->type_name("TIME");
}

void set_reason(const std::string& text, LetterFilter& filter) {
  filter.reason = letter_reason(text);
  if (!filter.reason) {
    const std::vector<std::string_view> names = letter_reason_names();
    const auto near = nearest(text, names);
    throw CLI::ValidationError("--reason",
                               fmt::format("there is no reason {}; {}", in_quotes(text),
                                           near ? fmt::format("did you mean '{}'?", *near)
                                                : fmt::format("there are: {}", fmt::join(names, ", "))));
  }
}

void set_state(const std::string& text, LetterFilter& filter) {
  if (!parse_letter_state(text, filter.state)) {
    throw CLI::ValidationError(
        "--state", fmt::format("is {}; expected waiting, voided, replayed, purged or all", in_quotes(text)));
  }
}

std::string topic_word_problem(const std::string& text) {
  const std::string_view name = std::string_view(text).substr(0, text.find('*'));
  const bool pattern = text.ends_with('*') && name.size() + 1 == text.size();
  return (pattern && name.empty()) ||
                 (pattern || name.size() == text.size() ? ipc::is_topic_name(name) : false)
             ? ""
             : fmt::format("{} is no topic; expected a name, or a \"prefix*\"", in_quotes(text));
}

std::string instance_word_problem(const std::string& text) {
  return ipc::is_instance_name(text) ? "" : fmt::format("{} is no instance's name", in_quotes(text));
}

void add_state_option(CLI::App& app, LetterFilter& filter) {
  app.add_option_function<std::string>(
         "--state", [&filter](const std::string& text) { set_state(text, filter); },
         "waiting (default), voided, replayed, purged or all")
      ->type_name("STATE");
}

// What all of them take but `show`, which is about one.
void add_filter_options(CLI::App& app, LetterFilter& filter) {
  app.add_option("--topic", filter.topic, "only of this topic, or of those that begin so: 'prefix*'")
      ->type_name("TOPIC")
      ->check(CLI::Validator(topic_word_problem, ""));
  app.add_option_function<std::string>(
         "--reason", [&filter](const std::string& text) { set_reason(text, filter); }, "only for this reason")
      ->type_name("REASON");
  add_moment(app, "--since", filter.since_ms, "only what became a dead letter then or later");
  add_moment(app, "--until", filter.until_ms, "only what became a dead letter before");
  app.add_option("--id", filter.id, "only the event with this ringpost-id")->type_name("ID");
}

void add_place_options(CLI::App& app, DeadLettersOptions& options) {
  app.add_option("--instance", options.filter.instance, "only of this instance")
      ->type_name("NAME")
      ->check(CLI::Validator(instance_word_problem, ""));
  app.add_option("--config", options.config_file,
                 fmt::format("the daemon's configuration, which says where its state_dir is (default: {})",
                             kConfigFileDefault))
      ->type_name("FILE");
  app.add_option("--state-dir", options.state_dir, "the daemon's state_dir, whatever the configuration says")
      ->type_name("DIR");
}

void check_moments(const LetterFilter& filter) {
  if (filter.since_ms >= filter.until_ms) {
    throw CLI::ValidationError("--until", "is not after --since: nothing could match");
  }
}

}  // namespace

Command add_dead_letters(CLI::App& root, DeadLettersOptions& options) {
  CLI::App* app =
      root.add_subcommand("dead-letters", "the events that were given up: list, show, export, replay, purge");
  app->footer(footer(kDeadLettersExamples));
  app->require_subcommand(1);

  CLI::App* list = app->add_subcommand("list", "a line each, without the payloads");
  list->add_flag("--json", options.json, "one JSON object a line");
  CLI::App* show = app->add_subcommand("show", "everything of one, with its payload");
  show->add_option("ID", options.filter.id, "its ringpost-id, as list shows it")->required();
  show->add_flag("--json", options.json, "as one JSON object");
  CLI::App* all = app->add_subcommand("export", "everything, as lines of JSON");
  all->add_flag("--json", options.json, "which it is in any case");

  CLI::App* replay = app->add_subcommand("replay", "send them again, under their first ringpost-ids");
  CLI::App* purge = app->add_subcommand("purge", "give them up for good");

  for (CLI::App* command : {list, all}) {
    add_state_option(*command, options.filter);
  }
  for (CLI::App* command : {replay, purge}) {
    command->add_flag("--dry-run", options.dry_run, "list what would be, and do nothing");
    command->add_flag("--json", options.json, "one JSON object a line");
    command->add_option("--socket", options.socket, "the daemon's socket")->type_name("PATH");
  }
  for (CLI::App* command : {list, all, replay, purge}) {
    add_filter_options(*command, options.filter);
  }
  for (CLI::App* command : {list, show, all, replay, purge}) {
    add_place_options(*command, options);
    command->footer(footer(kDeadLettersExamples));
  }
  return {app, [list, show, replay, purge, &options] {
            check_moments(options.filter);
            if (show->parsed()) {
              options.filter.state = std::nullopt;
              return run_dead_letters_show(options);
            }
            if (replay->parsed()) {
              return run_dead_letters_replay(options);
            }
            if (purge->parsed()) {
              return run_dead_letters_purge(options);
            }
            return list->parsed() ? run_dead_letters_list(options) : run_dead_letters_export(options);
          }};
}

}  // namespace ringpost::daemon
