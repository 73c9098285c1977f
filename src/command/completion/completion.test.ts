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
  const output = execFileSync('bash', ['--norc', '-c', script, 'bash', line, breaks], { ...place(), encoding: 'utf8' });
  return output.split('\n').filter((item) => item !== '');
}

test('bash completes commands, and the second word of those with two', () => {
  expect(bash('pipe re')).toEqual(['repro']);
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

test('bash completes stages and files where a target is wanted', () => {
  expect(bash('pipe repro tra')).toEqual(['train', 'train@fr', 'train@en', 'trace.csv'].map((item) => item));
  expect(bash('pipe repro -f pre')).toEqual(['prepare']);
});

test('bash gets what follows the last end of a word, as it takes @ and : for ends', () => {
  expect(bash('pipe repro train@f')).toEqual(['fr']);
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
if (has('fish')) {
  const fish = (line: string): string[] => {
    const { cwd, env } = place();
    write(cwd, { 'pipe.fish': fishScript(commands) });
    const output = execFileSync('fish', ['--no-config', '-c', 'source pipe.fish; complete -C $argv[1]', line], {
      cwd,
      env,
      encoding: 'utf8',
    });
    return output.split('\n').flatMap((item) => (item === '' ? [] : [item.split('\t')[0] ?? '']));
  };

  test('fish completes commands, flags, stages and values', () => {
    expect(fish('pipe re')).toEqual(['repro']);
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

if (has('zsh')) {
  /** Completes in a real zsh on a terminal of its own: `compadd` tells what it is given instead of showing it. */
  const zsh = (line: string): string[] => {
    const { cwd, env } = place();
    write(cwd, {
      _pipe: zshScript(commands),
      inner: [
        'PROMPT=; unsetopt zle_bracketed_paste 2>/dev/null; fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D',
        "zstyle ':completion:*' list-grouped false; zstyle ':completion:*' force-list always",
        'bindkey "^I" complete-word; bindkey "^M" undefined-key',
        'compadd() { builtin compadd -A found -D shown "$@"; builtin compadd "$@"; for each in $found; print -r -- "<$each>" >> answers; }',
        'null() { print -r -- done >> answers; }; zle -N null; bindkey "^D" null; : > answers; print -r -- ready',
        '',
      ].join('\n'),
      outer: [
        'zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z "source ./inner"',
        'zpty -r -m z seen "*ready*" || exit 1',
        "zpty -w -n z \"$1\"$'\\t'$'\\x04'; for i in {1..200}; do grep -q done answers && break; sleep 0.05; done",
        'zpty -d z; cat answers',
      ].join('\n'),
    });
    const output = execFileSync('zsh', ['-f', 'outer', line], { cwd, env: { ...env, TERM: 'dumb' }, encoding: 'utf8' });
    return [...new Set(output.split('\n').flatMap((item) => /^<(.*)>$/.exec(item)?.[1] ?? []))];
  };

  test('zsh completes commands, flags, stages and values', () => {
    expect(zsh('pipe re')).toEqual(['repro']);
    expect(zsh('pipe stage ')).toEqual(['add', 'list']);
    expect(zsh('pipe repro --all-p')).toEqual(['--all-pipelines']);
    expect(zsh('pipe repro train@')).toEqual(['train@fr', 'train@en']);
    expect(zsh('pipe completion -s ')).toEqual(['bash', 'zsh', 'fish']);
    expect(zsh('pipe config core.j')).toEqual(['core.jobs']);
  });
}
