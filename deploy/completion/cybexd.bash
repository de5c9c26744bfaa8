# bash completion for cybexd; made by `cybexd completion bash`
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
    "") words="archive audit backup completion config digest export get hash import init keygen manual migrate open org quarantine raw report restore run seal status token user verify" ;;
    "archive") words="once" ;;
    "archive once") words="--config --force --help --json --set" ;;
    "audit") words="--config --help --json --limit --set" ;;
    "backup") words="--config --help --json --quick --set" ;;
    "completion") words="--config --help --json --set bash zsh" ;;
    "config") words="check convert example show" ;;
    "config check") words="--config --help --json --set" ;;
    "config convert") words="--config --help --json --secret-file --set" ;;
    "config example") words="--config --help --json --set" ;;
    "config show") words="--config --help --json --set" ;;
    "digest") words="--config --help --json --set" ;;
    "export") words="--config --help --itype --json --secrets --set --store --sub-type" ;;
    "get") words="--config --help --json --set" ;;
    "hash") words="--config --document --help --json --set" ;;
    "import") words="--config --help --json --set --store" ;;
    "init") words="--admin --bits --config --dir --help --json --name --set" ;;
    "keygen") words="--bits --config --dir --help --json --passphrase-file --set" ;;
    "manual") words="--config --help --json --set" ;;
    "migrate") words="--config --help --json --overwrite-identities --set" ;;
    "open") words="--config --help --json --set" ;;
    "org") words="add member show" ;;
    "org add") words="--admin --config --help --json --name --set --user" ;;
    "org member") words="add del" ;;
    "org member add") words="--config --help --json --list --set" ;;
    "org member del") words="--config --help --json --list --set" ;;
    "org show") words="--config --help --json --set" ;;
    "quarantine") words="drop list retry show" ;;
    "quarantine drop") words="--config --help --json --set" ;;
    "quarantine list") words="--after --all --config --help --json --limit --set" ;;
    "quarantine retry") words="--config --help --json --set" ;;
    "quarantine show") words="--config --help --json --set" ;;
    "raw") words="put" ;;
    "raw put") words="--ca-file --config --help --json --lines --ndjson --org --sealed --server --set --timezone --token-file --typetag" ;;
    "report") words="--as --batch --config --dot --help --json --now --set" ;;
    "restore") words="--check --config --help --json --replace --set" ;;
    "run") words="--config --help --json --set" ;;
    "seal") words="--config --help --json --set" ;;
    "status") words="--config --help --json --set" ;;
    "token") words="list new revoke" ;;
    "token list") words="--config --help --json --set" ;;
    "token new") words="--config --days --help --json --set" ;;
    "token revoke") words="--config --help --json --set" ;;
    "user") words="add list passwd" ;;
    "user add") words="--ask-password --config --help --json --name --password-file --set --superuser" ;;
    "user list") words="--config --help --json --set" ;;
    "user passwd") words="--config --generate --help --json --password-file --set" ;;
    "verify") words="--config --help --json --set" ;;
  esac
  echo "$words"
}
complete -o filenames -F _cybexd cybexd
