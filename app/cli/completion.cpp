// Shell completion and the manual page, from the table of commands.
#include <map>
#include <set>

#include "app/cli/command.hpp"

namespace cybexd::app::cli {
namespace {

/// Words that may follow: "" -> top-level words, "user" -> "add list passwd", "user add" -> its options.
std::map<std::string, std::set<std::string>> words_after() {
  std::map<std::string, std::set<std::string>> after;
  for (const auto& c : commands()) {
    std::string path, name = full_name(c);
    for (std::size_t from = 0; from < name.size();) {
      const auto blank = std::min(name.find(' ', from), name.size());
      after[path].insert(name.substr(from, blank - from));
      path = name.substr(0, blank);
      from = blank + 1;
    }
    for (const auto* options : {&c.options, &common_options()}) {
      for (const auto& o : *options) {
        const bool positional = o.kind == shape::positional || o.kind == shape::positionals;
        if (!positional)
          after[path].insert("--" + std::string(o.name));
        else if (o.metavar.find('|') != std::string_view::npos) {
          const std::string choices(o.metavar);
          for (std::size_t at = 0; at < choices.size();) {
            const auto bar = std::min(choices.find('|', at), choices.size());
            after[path].insert(choices.substr(at, bar - at));
            at = bar + 1;
          }
        }
      }
    }
  }
  return after;
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string cases(std::string_view indent) {
  std::string text;
  for (const auto& [path, words] : words_after()) {
    text += std::string(indent) + "\"" + path + "\") words=\"" + joined(words) + "\" ;;\n";
  }
  return text;
}

/// Groups and commands are the words that have a path of their own.
// clang-format off
constexpr std::string_view bash_start = R"sh(# bash completion for cybexd; made by `cybexd completion bash`
_cybexd() {
  local current="${COMP_WORDS[COMP_CWORD]}" path="" words="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " $(_cybexd_words "$path") " in
      *" $word "*) [[ $word == -* ]] || path="${path:+$path }$word" ;;
    esac
  done
  words="$(_cybexd_words "$path")"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $words == *--config* && $current != -* ]]; then
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
_cybexd_words() {
  local words=""
  case "$1" in
)sh";
constexpr std::string_view bash_end = R"sh(  esac
  echo "$words"
}
complete -o filenames -F _cybexd cybexd
)sh";
constexpr std::string_view zsh_start = R"sh(#compdef cybexd
# zsh completion for cybexd; made by `cybexd completion zsh`
_cybexd_words() {
  local words=""
  case "$1" in
)sh";
constexpr std::string_view zsh_end = R"sh(  esac
  echo "$words"
}
_cybexd() {
  local word_path="" word
  for word in "${words[@]:1:$((CURRENT - 2))}"; do
    if [[ $word != -* && " $(_cybexd_words "$word_path") " == *" $word "* ]]; then
      word_path="${word_path:+$word_path }$word"
    fi
  done
  compadd -- ${=$(_cybexd_words "$word_path")}
  [[ -n $word_path ]] && _files
}
compdef _cybexd cybexd
)sh";
// clang-format on

/// Text as troff prints it.
std::string troff(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    if (letter == '\\')
      out += "\\e";
    else if (letter == '-')
      out += "\\-";
    else if (letter == '\'')
      out += "\\(aq";
    else
      out += letter;
  }
  if (out.starts_with(".")) out.insert(0, "\\&");
  return out;
}

std::string option_entry(const option& o) {
  const bool positional = o.kind == shape::positional || o.kind == shape::positionals;
  std::string text = ".TP\n";
  if (positional)
    text += "\\fI" + troff(o.metavar) + "\\fR";
  else
    text += "\\fB\\-\\-" + troff(o.name) + "\\fR" +
            (o.metavar.empty() ? "" : " \\fI" + troff(o.metavar) + "\\fR");
  if (o.kind == shape::positionals || o.kind == shape::values) text += " ...";
  return text + "\n" + troff(o.help) + (o.required ? " (required)" : "") + ".\n";
}

}  // namespace

std::string completion_for(std::string_view shell) {
  if (shell == "bash") return std::string(bash_start) + cases("    ") + std::string(bash_end);
  if (shell == "zsh") return std::string(zsh_start) + cases("    ") + std::string(zsh_end);
  return {};
}

std::string manual_page() {
  std::string page =
      ".TH CYBEXD 1 \"\" \"cybexd " CYBEXD_VERSION
      "\" \"User Commands\"\n"
      ".SH NAME\ncybexd \\- archive and reports of a threat\\-sharing hub\n"
      ".SH SYNOPSIS\n.B cybexd\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\n"
      "Archives cyber\\-threat data as a graph and answers reports over it. One working directory, made by\n"
      ".BR \"cybexd init\" ,\nholds everything;\n.B cybexd run\nserves it. Commands that need the stores "
      "work whether a server is running or not.\n"
      ".SH OPTIONS OF EVERY COMMAND\n";
  for (const auto& o : common_options()) page += option_entry(o);
  page += ".SH COMMANDS\n";
  for (const auto& c : commands()) {
    page += ".SS " + troff("cybexd " + full_name(c)) + "\n" + troff(c.help) + ".\n";
    for (const auto& o : c.options) page += option_entry(o);
    page += ".PP\nExample:\n.PP\n.nf\n.RS\n" + troff(c.example) + "\n.RE\n.fi\n";
  }
  page +=
      ".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\nfailed\n.TP\n2\nwrong usage or configuration\n"
      ".SH ENVIRONMENT\n.TP\n\\fBCYBEXD_CONFIG\\fR\nThe configuration, where \\fB\\-\\-config\\fR is not "
      "given.\n"
      ".TP\n\\fBCYBEXD_\\fISECTION\\fB__\\fIKEY\\fR\nOverrides one setting.\n"
      ".TP\n\\fBCYBEXD_PASSPHRASE\\fR\nThe passphrase of the private key.\n"
      ".SH FILES\n.TP\n\\fI./cybexd.toml\\fR, \\fI/etc/cybexd/cybexd.toml\\fR\nThe configuration; \\fBcybexd "
      "config example\\fR prints one.\n";
  return page;
}

}  // namespace cybexd::app::cli
