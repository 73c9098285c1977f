import type { CompletedCommand, CompletedFlag, Words } from './spec.ts';

/** A script for zsh's completion system (zshcompsys(1)); may be sourced, or lie in a folder of `fpath` as `_pipe`. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const families = [...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : [])))];
  return `#compdef pipe
# zsh completion for pipe; in ~/.zshrc, after compinit: eval "$(pipe completion -s zsh)"
_pipe_stages() {
  local -a stages
  stages=("\${(@f)$(pipe completion stages 2>/dev/null)}")
  stages=(\${stages:#})
  (( \${#stages} )) && compadd -- $stages
  _files
}
_pipe() {
  local curcontext="$curcontext" state line ret=1
  local -a commands
  _arguments -C '(- *)'{-h,--help}'[show help]' '(- *)--version[print the version]' \\
    '--cd=[run as if started in DIR]:DIR:_files -/' '1: :->command' '*:: :->rest' && return
  case "$state" in
    command)
      commands=(${firstWords(commands, families).join(' ')})
      _describe command commands && ret=0
      ;;
    rest)
      case "$line[1]" in
${commands
  .filter(({ name }) => !name.includes(' '))
  .map((each) => `        ${each.name})\n          ${argumentsOf(each)} && ret=0\n          ;;`)
  .join('\n')}
${families.map((family) => familyCase(family, commands)).join('\n')}
      esac
      ;;
  esac
  return ret
}
if [[ $funcstack[1] == _pipe ]]; then _pipe "$@"; else compdef _pipe pipe; fi`;
}

function firstWords(commands: readonly CompletedCommand[], families: readonly string[]): string[] {
  const single = commands.filter(({ name }) => !name.includes(' '));
  return [
    ...single.map(({ name, summary }) => described(name, summary)),
    ...families.map((family) => described(family, secondWords(family, commands).join(', '))),
  ];
}

function secondWords(family: string, commands: readonly CompletedCommand[]): string[] {
  return commands.flatMap(({ name }) => (name.startsWith(`${family} `) ? [name.slice(family.length + 1)] : []));
}

function familyCase(family: string, commands: readonly CompletedCommand[]): string {
  const members = commands.filter(({ name }) => name.startsWith(`${family} `));
  const second = (name: string): string => name.slice(family.length + 1);
  return `        ${family})
          if (( CURRENT == 2 )); then
            commands=(${members.map(({ name, summary }) => described(second(name), summary)).join(' ')})
            _describe command commands && ret=0
          else
            local second="$words[2]"
            shift words; (( CURRENT-- ))
            case "$second" in
${members.map((each) => `              ${second(each.name)}) ${argumentsOf(each)} && ret=0 ;;`).join('\n')}
            esac
          fi
          ;;`;
}

function argumentsOf({ flags, positionals }: CompletedCommand): string {
  const action = actionOf(positionals);
  return ['_arguments -s', ...flags.map(flagSpec), ...(action === undefined ? [] : [single(`*: :${action}`)])].join(
    ' ',
  );
}

function flagSpec({ long, short, help, value }: CompletedFlag): string {
  const text = `[${help.replace(/[[\]\\:]/g, String.raw`\$&`)}]`;
  const tail = value === undefined ? '' : `: :${actionOf(value) ?? ' '}`;
  const name = `--${long}${value === undefined ? '' : '='}`;
  if (short === undefined) return single(`*${name}${text}${tail}`);
  return `${single('*')}{-${short}${value === undefined ? '' : '+'},${name}}${single(`${text}${tail}`)}`;
}

function actionOf(words: Words): string | undefined {
  if (typeof words === 'object') return `(${words.join(' ')})`;
  return { stage: '_pipe_stages', file: '_files', folder: '_files -/', none: undefined }[words];
}

function described(name: string, summary: string): string {
  return single(`${name}:${summary.replace(/[\\:]/g, String.raw`\$&`)}`);
}

function single(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
