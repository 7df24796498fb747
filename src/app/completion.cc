#include "app/completion.h"

#include <fmt/format.h>

#include <functional>

namespace tidemill::app {
namespace {

// Calls `visit` for every command with the words that lead to it ("quarantine ls"); the root has none.
void Walk(const CommandTree& tree, const std::string& words,
          const std::function<void(const CommandTree&, const std::string&)>& visit) {
  visit(tree, words);
  for (const auto& command : tree.commands)
    Walk(command, words.empty() ? command.name : words + " " + command.name, visit);
}

std::string Names(const CommandTree& tree) {
  std::string names;
  for (const auto& command : tree.commands) names += command.name + " ";
  for (const auto& option : tree.options) names += option.name + " ";
  if (!names.empty()) names.pop_back();
  return names;
}

std::string Escape(const std::string& text, const char* special) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view(special).find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Bash(const CommandTree& root) {
  std::string cases;
  Walk(root, "", [&](const CommandTree& tree, const std::string& words) {
    cases += fmt::format("    \"{}\") names=\"{}\" ;;\n", words, Names(tree));
  });
  return fmt::format(R"(# bash completion for tidemill
_tidemill() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" words="" word names=""
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $word == [a-z]* && $word != *[./]* ]] && words="${{words:+$words }}$word"
  done
  while :; do
    case "$words" in
{}    *) [[ $words == *" "* ]] && words="${{words% *}}" || words=""; continue ;;
    esac
    break
  done
  COMPREPLY=($(compgen -W "$names" -- "$current"))
  [[ $current == -* ]] || COMPREPLY+=($(compgen -f -- "$current"))
}}
complete -o filenames -F _tidemill tidemill
)",
                     cases);
}

std::string Zsh(const CommandTree& root) {
  std::string cases;
  Walk(root, "", [&](const CommandTree& tree, const std::string& words) {
    cases += fmt::format("    \"{}\") names=(", words);
    for (const auto& command : tree.commands) {
      cases += fmt::format(" '{}:{}'", command.name, Escape(command.description, ":\\"));
    }
    for (const auto& option : tree.options) {
      cases += fmt::format(" '{}:{}'", option.name, Escape(option.description, ":\\"));
    }
    cases += " ) ;;\n";
  });
  return fmt::format(R"(#compdef tidemill
# zsh completion for tidemill
_tidemill() {{
  local -a names path_words
  local word
  for word in ${{words[2,CURRENT-1]}}; do
    [[ $word == [a-z]* && $word != *[./]* ]] && path_words+=($word)
  done
  while :; do
    case "${{path_words[*]}}" in
{}    *) path_words[-1]=(); continue ;;
    esac
    break
  done
  _describe tidemill names
  [[ $PREFIX == -* ]] || _files
}}
_tidemill "$@"
)",
                     cases);
}

std::string Fish(const CommandTree& root) {
  std::string text = "# fish completion for tidemill\n";
  Walk(root, "", [&](const CommandTree& tree, const std::string& words) {
    std::string condition;
    if (words.empty()) {
      condition = "__fish_use_subcommand";
    } else {
      const size_t space = words.find(' ');
      condition = "__fish_seen_subcommand_from " + words.substr(0, space);
      if (space != std::string::npos) condition += "; and __fish_seen_subcommand_from " + words.substr(space + 1);
    }
    for (const auto& command : tree.commands) {
      text += fmt::format("complete -c tidemill -n '{}' -a {} -d '{}'\n", condition, command.name,
                          Escape(command.description, "'\\"));
    }
    for (const auto& option : tree.options) {
      text += fmt::format("complete -c tidemill -n '{}' -l {} -d '{}'\n", condition, option.name.substr(2),
                          Escape(option.description, "'\\"));
    }
  });
  return text;
}

}  // namespace

std::string CompletionScript(const std::string& shell, const CommandTree& root) {
  if (shell == "zsh") return Zsh(root);
  if (shell == "fish") return Fish(root);
  return Bash(root);
}

}  // namespace tidemill::app
