#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "app/cli/command.hpp"
#include "app/cli/output.hpp"
#include "app/config/keys.hpp"

namespace cybexd::app::cli {
namespace {

/// Where CLI11 puts what it reads of one option; lives as long as the parser.
struct slot {
  const option* what = nullptr;
  CLI::Option* parsed = nullptr;
  bool flag = false;
  std::string text;
  std::vector<std::string> texts;
};

struct leaf {
  const command* what = nullptr;
  CLI::App* app = nullptr;
  std::vector<std::unique_ptr<slot>> slots;
};

std::string written_name(const option& o) {
  const bool positional = o.kind == shape::positional || o.kind == shape::positionals;
  return positional ? std::string(o.name) : "--" + std::string(o.name);
}

/// What is wrong with a value of an option with choices; empty when nothing is. Several may be joined by
/// commas.
std::string complaint(const option& o, const std::string& given) {
  const std::string choices = "|" + std::string(o.metavar) + "|";
  for (std::size_t at = 0; at <= given.size();) {
    const auto comma = std::min(o.many_with_commas ? given.find(',', at) : std::string::npos, given.size());
    const auto one = given.substr(at, comma - at);
    const bool known =
        one.find('|') == std::string::npos && choices.find("|" + one + "|") != std::string::npos;
    if (one.empty() || !known) return "was " + toml_quoted(one) + "; may be one of " + std::string(o.metavar);
    at = comma + 1;
  }
  return {};
}

void add_option(CLI::App& app, const option& o, slot& into) {
  into.what = &o;
  const std::string help(o.help), name = written_name(o);
  switch (o.kind) {
    case shape::flag:
      into.parsed = app.add_flag(name, into.flag, help);
      break;
    case shape::positional:
    case shape::value:
      into.parsed = app.add_option(name, into.text, help);
      break;
    case shape::positionals:
    case shape::values:
      into.parsed = app.add_option(name, into.texts, help)->expected(1, 1 << 20);
      break;
  }
  if (o.kind != shape::flag) into.parsed->type_name(std::string(o.metavar));
  if (o.metavar.find('|') != std::string_view::npos) {
    into.parsed->check([&o](const std::string& given) { return complaint(o, given); });
  }
  if (o.required) into.parsed->required();
}

void add_common(CLI::App& app, invocation& call) {
  app.add_option("--config", call.config,
                 "Configuration; else $CYBEXD_CONFIG, ./cybexd.toml, /etc/cybexd/cybexd.toml")
      ->type_name("FILE");
  app.add_option("--set", call.sets, "Overrides one setting; may be repeated")
      ->type_name("SECTION.KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  app.add_flag("--json", call.json, "One JSON document on standard output");
}

using group_apps = std::map<std::string_view, CLI::App*>;

/// The parser of a group, made with those above it where it is new.
CLI::App* group_app(CLI::App& root, std::string_view group, group_apps& known) {
  if (group.empty()) return &root;
  auto& app = known[group];
  if (app) return app;
  const auto blank = group.rfind(' ');
  auto* parent =
      group_app(root, blank == std::string_view::npos ? std::string_view{} : group.substr(0, blank), known);
  app = parent->add_subcommand(std::string(group.substr(blank == std::string_view::npos ? 0 : blank + 1)),
                               std::string(group_help(group)));
  app->require_subcommand(1);
  app->fallthrough();
  return app;
}

std::vector<std::unique_ptr<leaf>> add_commands(CLI::App& root, invocation& call) {
  group_apps groups;
  std::vector<std::unique_ptr<leaf>> leaves;
  for (const auto& c : commands()) {
    CLI::App* parent = group_app(root, c.group, groups);
    auto one = std::make_unique<leaf>();
    one->what = &c;
    one->app = parent->add_subcommand(std::string(c.name), std::string(c.help));
    one->app->footer("Example:\n  " + std::string(c.example));
    for (const auto& o : c.options) {
      one->slots.push_back(std::make_unique<slot>());
      add_option(*one->app, o, *one->slots.back());
    }
    add_common(*one->app, call);
    leaves.push_back(std::move(one));
  }
  return leaves;
}

void take_values(const leaf& from, invocation& call) {
  for (const auto& s : from.slots) {
    if (s->parsed->count() == 0) continue;
    auto& values = call.given[std::string(s->what->name)];
    const bool many = s->what->kind == shape::positionals || s->what->kind == shape::values;
    if (many)
      values = s->texts;
    else if (s->what->kind != shape::flag)
      values = {s->text};
  }
}

/// What is wrong with the first word, when it is no command.
std::string wrong_word(int count, const char* const* words) {
  std::vector<std::string_view> tops;
  for (const auto& c : commands())
    tops.push_back(c.group.empty() ? c.name : c.group.substr(0, c.group.find(' ')));
  std::string_view word;
  for (int i = 1; i < count && word.empty(); ++i) {
    const std::string_view one = words[i];
    if (one == "--config" || one == "--set")
      ++i;  // the next one is its value
    else if (!one.starts_with("-"))
      word = one;
  }
  if (word.empty() || std::find(tops.begin(), tops.end(), word) != tops.end()) return {};
  const auto near = nearest(word, tops);
  return "no such command: " + std::string(word) +
         (near.empty() ? "" : "; did you mean `cybexd " + std::string(near) + "`?");
}

}  // namespace

std::string invocation::text(std::string_view option, std::string_view otherwise) const {
  const auto found = given.find(option);
  return found == given.end() || found->second.empty() ? std::string(otherwise) : found->second.back();
}

std::vector<std::string> invocation::texts(std::string_view option) const {
  const auto found = given.find(option);
  return found == given.end() ? std::vector<std::string>{} : found->second;
}

int run(int count, const char* const* words) {
  CLI::App root("cybexd archives cyber-threat data as a graph and answers reports over it.", "cybexd");
  root.set_version_flag("--version", std::string("cybexd " CYBEXD_VERSION));
  root.require_subcommand(1);
  root.set_help_flag("-h,--help", "Prints this and ends");
  root.footer(
      "Start with:  cybexd init --dir hub --admin you@example.org && cybexd run --config hub/cybexd.toml\n"
      "Help on a command:  cybexd COMMAND --help");
  invocation call;
  add_common(root, call);
  const auto leaves = add_commands(root, call);
  try {
    root.parse(count, words);
  } catch (const CLI::Success& asked) {  // --help, --version
    root.exit(asked, std::cout, std::cerr);
    return std::cout.flush() ? done : failed;
  } catch (const CLI::ParseError& problem) {
    const auto named =
        std::find_if(leaves.begin(), leaves.end(), [](const auto& one) { return one->app->parsed(); });
    const std::string name = named == leaves.end() ? "" : " " + full_name(*(*named)->what);
    const auto wrong = named == leaves.end() ? wrong_word(count, words) : std::string{};
    const std::string text = wrong.empty() ? problem.what() : wrong;
    std::cerr << "cybexd" << name << ": " << text << "\nSee `cybexd" << name << " --help`.\n";
    const bool as_json = std::find(words, words + count, std::string_view("--json")) != words + count;
    if (as_json) print_error({failure::bad_input, text});
    return wrong_usage;
  }
  for (const auto& one : leaves) {
    if (!one->app->parsed()) continue;
    call.name = full_name(*one->what);
    take_values(*one, call);
    return one->what->run(call);
  }
  return wrong_usage;
}

}  // namespace cybexd::app::cli
