import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, write } from '../../project/fixture/folder.ts';
import { COMMANDS } from '../index.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { completedCommands } from './spec.ts';
import { zshScript } from './zsh.ts';

const SHELLS = { bash: 'bash', fish: 'fish', zsh: 'zsh' };
const STAGES = ['train', 'train@fr', 'train@en', 'sub/pipeline.yaml:train', 'prepare'];
const commands = await completedCommands(COMMANDS);

/** A folder with some files, and a `pipe` that only knows its stages. */
function place() {
  const cwd = temporaryFolder();
  write(cwd, {
    'bin/pipe': `#!/bin/sh\nprintf '%s\\n' ${STAGES.join(' ')}\n`,
    'trace.csv': '',
    'sub/': '',
    'two words/': '',
  });
  chmodSync(join(cwd, 'bin/pipe'), 0o755);
  return { cwd, env: { PATH: `${join(cwd, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: cwd } };
}

function bash(line: string, breaks = ' \t\n"\'@><=;|&(:'): string[] {
  const script = `${bashScript(commands)}\nCOMP_LINE="$1"; COMP_POINT=\${#1}; COMP_WORDBREAKS="$2"; _pipe; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync(SHELLS.bash, ['--norc', '-c', script, 'bash', line, breaks], {
    ...place(),
    encoding: 'utf8',
  });
  return output.split('\n').filter((item) => item !== '');
}

test('bash completes commands, and the second word of those with two', () => {
  expect(bash('pipe rep')).toEqual(['repro']);
  expect(bash('pipe ')).toEqual(expect.arrayContaining(['init', 'stage', 'metrics', 'completion']));
  expect(bash('pipe stage ')).toEqual(['add', 'list']);
  expect(bash('pipe metrics d')).toEqual(['diff']);
  expect(bash('pipe nonsense ')).toEqual([]);
});

test('bash completes the flags of the command at hand', () => {
  expect(bash('pipe repro --all-p')).toEqual(['--all-pipelines']);
  expect(bash('pipe stage add --outs-p')).toEqual(['--outs-persist', '--outs-persist-no-cache']);
  expect(bash('pipe --cd sub root --')).toEqual(expect.arrayContaining(['--json', '--help', '--cd']));
  expect(bash('pipe root --single')).toEqual([]);
});

test('bash completes stages where a target is wanted, and files where no stage fits', () => {
  expect(bash('pipe repro tra')).toEqual(['train', 'train@fr', 'train@en']);
  expect(bash('pipe repro trac')).toEqual(['trace.csv']);
  expect(bash('pipe repro -f pre')).toEqual(['prepare']);
});

test('bash gets what follows the last end of a word, as it takes @ and : for ends', () => {
  expect(bash('pipe repro train@f')).toEqual(['@fr']);
  expect(bash('pipe repro sub/pipeline.yaml:')).toEqual(['train']);
  expect(bash('pipe repro train@f', ' \t\n')).toEqual(['train@fr']);
});

test('bash completes values: folders after --cd, shells after --shell, options after config', () => {
  expect(bash('pipe --cd su')).toEqual(['sub']);
  expect(bash('pipe root --cd tw')).toEqual([String.raw`two\ words`]);
  expect(bash('pipe completion -s ')).toEqual(['bash', 'zsh', 'fish']);
  expect(bash('pipe config core.j')).toEqual(['core.jobs']);
});

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

// bash is on every machine that runs the tests; of the other two, those that are there are asked.
if (has(SHELLS.fish)) {
  const fish = (line: string): string[] => {
    const { cwd, env } = place();
    write(cwd, { 'pipe.fish': fishScript(commands) });
    const output = execFileSync(SHELLS.fish, ['--no-config', '-c', 'source pipe.fish; complete -C $argv[1]', line], {
      cwd,
      env,
      encoding: 'utf8',
    });
    return output.split('\n').flatMap((item) => (item === '' ? [] : [item.split('\t')[0] ?? '']));
  };

  test('fish completes commands, flags, stages and values', () => {
    expect(fish('pipe rep')).toEqual(['repro']);
    expect(fish('pipe stage ')).toEqual(['add', 'list']);
    expect(fish('pipe repro --all-p')).toEqual(['--all-pipelines']);
    expect(fish('pipe repro train@')).toEqual(expect.arrayContaining(['train@en', 'train@fr']));
    expect(fish('pipe --cd sub repro pre')).toEqual(['prepare']);
    expect(fish('pipe --cd su')).toEqual(['sub/']);
    expect(fish('pipe completion -s ')).toEqual(['bash', 'fish', 'zsh']);
    expect(fish('pipe config core.j')).toEqual(['core.jobs']);
    expect(fish('pipe root --single')).toEqual([]);
  });
}

if (has(SHELLS.zsh)) {
  /** Completes lines in one real zsh on a terminal of its own: `compadd` also writes down what it found. */
  const zsh = (lines: readonly string[]): string[][] => {
    const { cwd, env } = place();
    write(cwd, {
      _pipe: zshScript(commands),
      inner: [
        'PROMPT=; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D',
        // Otherwise a tab with more input behind it, as here, is only a tab.
        "zstyle ':completion:*' insert-tab false",
        'bindkey "^I" complete-word; unsetopt beep list_beep; setopt no_list_ambiguous',
        'compadd() { builtin compadd -A found "$@"; print -rl -- "<"$^found">" >> answers; builtin compadd "$@"; }',
        'next() { print -r -- done >> answers; zle kill-buffer; }; zle -N next; bindkey "^G" next',
        ': > answers; print -r -- ready',
        '',
      ].join('\n'),
      outer: [
        'zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z "source ./inner"',
        'zpty -r -m z seen "*ready*" || exit 1',
        'asked=0',
        'for line in "$@"; do',
        `  zpty -w -n z "$line"$'\\t\\x07'; (( ++asked ))`,
        '  for i in {1..500}; do (( $(grep -c done answers) >= asked )) && break; sleep 0.02; done',
        'done',
        'zpty -d z; cat answers',
      ].join('\n'),
    });
    const output = execFileSync(SHELLS.zsh, ['-f', 'outer', ...lines], {
      cwd,
      env: { ...env, TERM: 'dumb' },
      encoding: 'utf8',
    });
    const perLine = output.split('done\n').slice(0, -1);
    return perLine.map((text) => [...new Set([...text.matchAll(/^<(.+)>$/gm)].map((match) => match[1] ?? ''))]);
  };

  test('zsh completes commands, flags, stages and values', () => {
    const wanted = {
      'pipe rep': ['repro'],
      'pipe stage ': ['add', 'list'],
      'pipe repro --all-p': ['--all-pipelines'],
      'pipe repro train@': ['train@fr', 'train@en'],
      'pipe completion -s ': ['bash', 'zsh', 'fish'],
      'pipe config core.j': ['core.jobs'],
      'pipe root --single': [],
    };
    expect(zsh(Object.keys(wanted))).toEqual(Object.values(wanted));
  });
}
