import type { CompletedCommand, CompletedFlag, Words } from './spec.ts';

/**
 * A script for bash 3.2 and later (macOS has that one), without the package bash-completion. bash takes `:`, `@` and
 * `=` for ends of words (COMP_WORDBREAKS), so the word at hand is read from the line, and what stands before the last
 * of them is cut off from the answers.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const families = [...new Set(names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0] ?? ''))];
  const firstWords = [...new Set(names.map((name) => name.split(' ')[0] ?? ''))];
  return `# bash completion for pipe; in ~/.bashrc: eval "$(pipe completion -s bash)"
_pipe() {
  local line="\${COMP_LINE:0:COMP_POINT}" current='' command='' word previous='' skip='' words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] || { current="\${words[\${#words[@]}-1]}"; unset "words[\${#words[@]}-1]"; }
  for word in "\${words[@]:1}"; do
    if [[ -n $skip ]]; then skip=''
    elif [[ $word == --cd ]]; then skip=1
    elif [[ $word == -* ]]; then :
    elif [[ -z $command ]]; then command="$word"
    else case "$command" in ${families.join('|') || "''"}) command="$command $word" ;; esac
    fi
    previous="$word"
  done
  local flags='' values=none positionals=none
  case "$command" in
${commands.map(commandCase).join('\n')}
${families.map((family) => familyCase(family, names)).join('\n')}
    '') positionals=${quoted(firstWords.join('\n'))}; flags=$'--cd\\n--help\\n--version' ;;
  esac
  [[ $previous == --cd ]] && values=folder
  local wanted="$positionals"
  if [[ $values != none ]]; then wanted="$values"; elif [[ $current == -* ]]; then wanted="$flags"; fi
  local quote=1
  if [[ $wanted == stage ]]; then
    _pipe_reply "$(pipe completion stages 2>/dev/null)"
    [[ \${#COMPREPLY[@]} -eq 0 ]] || return 0
    wanted=file
  fi
  # To names of files bash itself adds a slash and quotes, if it is new enough to be asked.
  case "$wanted" in file|folder) compopt -o filenames 2>/dev/null && quote='' ;; esac
  case "$wanted" in
    none) COMPREPLY=() ;;
    file) _pipe_reply "$(compgen -f -- "$current")" ;;
    folder) _pipe_reply "$(compgen -d -- "$current")" ;;
    *) _pipe_reply "$wanted" ;;
  esac
}
_pipe_reply() {
  local item break cut='' each
  for break in ':' '@' '='; do
    if [[ $COMP_WORDBREAKS == *"$break"* && $current == *"$break"* ]]; then
      each="\${current%"\${current##*"$break"}"}"
      [[ $break == '@' ]] && each="\${each%@}" # which readline counts to the word behind it
      (( \${#each} > \${#cut} )) && cut="$each"
    fi
  done
  COMPREPLY=()
  while IFS= read -r item; do
    [[ -n $item && $item == "$current"* ]] || continue
    item="\${item:\${#cut}}"
    [[ -z $quote ]] || item="$(printf '%q' "$item")"
    COMPREPLY[\${#COMPREPLY[@]}]="$item"
  done <<< "$1"
}
complete -o bashdefault -F _pipe pipe`;
}

function commandCase({ name, flags, positionals }: CompletedCommand): string {
  const withValue = flags.filter((flag) => flag.value !== undefined);
  const values = withValue.map(
    (flag) => `      ${spellings(flag).join('|')}) values=${words(flag.value ?? 'none')} ;;`,
  );
  return [
    `    ${quoted(name)})`,
    `      flags=${quoted(flags.map(({ long }) => `--${long}`).join('\n'))}`,
    `      positionals=${words(positionals)}`,
    ...(values.length === 0 ? [] : ['      case "$previous" in', ...values.map((each) => `  ${each}`), '      esac']),
    '      ;;',
  ].join('\n');
}

function familyCase(family: string, names: readonly string[]): string {
  const second = names.filter((name) => name.startsWith(`${family} `)).map((name) => name.slice(family.length + 1));
  return `    ${family}) positionals=${quoted(second.join('\n'))} ;;`;
}

function spellings({ long, short }: CompletedFlag): string[] {
  return [`--${long}`, ...(short === undefined ? [] : [`-${short}`])];
}

function words(given: Words): string {
  return typeof given === 'string' ? given : quoted(given.join('\n'));
}

/** A text in bash's `$'…'` form, on one line. */
function quoted(text: string): string {
  const safe = text.replace(/[\\']/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
  return `$'${safe}'`;
}
