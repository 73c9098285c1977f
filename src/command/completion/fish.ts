import type { CompletedCommand, CompletedFlag, Words } from './spec.ts';

/** A script for fish 3 and later. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const families = [...new Set(commands.flatMap(({ name }) => (name.includes(' ') ? [name.split(' ')[0] ?? ''] : [])))];
  return [
    '# fish completion for pipe; as ~/.config/fish/completions/pipe.fish: pipe completion -s fish',
    '# Prints the words of the command line before the cursor that are no flags.',
    'function __pipe_words',
    '  set -l skip 0',
    '  for word in (commandline -opc)[2..-1]',
    '    if test $skip = 1',
    '      set skip 0',
    "    else if test $word = '--cd'",
    '      set skip 1',
    "    else if not string match -q -- '-*' $word",
    '      echo $word',
    '    end',
    '  end',
    'end',
    'function __pipe_command_is',
    '  set -l words (__pipe_words)',
    `  if contains -- "$words[1]" ${families.join(' ') || "''"}`,
    '    test "$argv[1]" = "$words[1] $words[2]"',
    '  else',
    '    test "$argv[1]" = "$words[1]"',
    '  end',
    'end',
    'function __pipe_family_is',
    '  test (count (__pipe_words)) = 1; and test (__pipe_words) = $argv[1]',
    'end',
    'complete -c pipe -f',
    "complete -c pipe -n 'test -z (__pipe_words | string collect)' -l cd -x -a '(__fish_complete_directories)' -d 'run as if started in DIR'",
    "complete -c pipe -n 'test -z (__pipe_words | string collect)' -l version -d 'print the version'",
    ...commands.filter(({ name }) => !name.includes(' ')).map(({ name, summary }) => firstWord(name, summary)),
    ...families.map((family) => firstWord(family, `${family} …`)),
    ...commands.flatMap((command) => [...secondWord(command), ...argumentsOf(command)]),
  ].join('\n');
}

function firstWord(word: string, help: string): string {
  return `complete -c pipe -n 'test -z (__pipe_words | string collect)' -a ${single(word)} -d ${single(help)}`;
}

function secondWord({ name, summary }: CompletedCommand): string[] {
  const [family = '', word] = name.split(' ');
  if (word === undefined) return [];
  return [`complete -c pipe -n '__pipe_family_is ${family}' -a ${single(word)} -d ${single(summary)}`];
}

function argumentsOf({ name, flags, positionals }: CompletedCommand): string[] {
  const start = `complete -c pipe -n ${single(`__pipe_command_is "${name}"`)}`;
  return [
    ...flags.map((flag) => `${start} ${flagSpec(flag)}`),
    ...(positionals === 'none' ? [] : [`${start} ${answers(positionals)}`]),
  ];
}

function flagSpec({ long, short, help, value }: CompletedFlag): string {
  const names = `-l ${long}${short === undefined ? '' : ` -s ${short}`}`;
  return `${names}${value === undefined ? '' : ` ${value === 'file' || value === 'stage' ? '-r' : '-x'} ${answers(value)}`} -d ${single(help)}`.replace(
    '  ',
    ' ',
  );
}

function answers(words: Words): string {
  if (typeof words === 'object') return `-a ${single(words.join(' '))}`;
  const kinds = {
    stage: "-F -a '(pipe completion stages 2>/dev/null)'",
    file: '-F',
    folder: "-a '(__fish_complete_directories)'",
    none: '',
  };
  return kinds[words];
}

/** A text in fish's single quotes. */
function single(text: string): string {
  return `'${text.replace(/[\\']/g, String.raw`\$&`)}'`;
}
