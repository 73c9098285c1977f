import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PipeError } from '../problem/problem.ts';
import type { Command, OptionSpecs } from './command.ts';
import { commandHelp, overview } from './help.ts';
import type { CommandEntry } from './index.ts';
import { checkGlobal, parseInvocation } from './parse.ts';
import { chdirTarget, splitCommand } from './words.ts';

const options = {
  force: { type: 'boolean', short: 'f', help: 'run anyway' },
  jobs: { type: 'string', short: 'j', value: 'N', help: 'how many at once' },
  deps: { type: 'string', short: 'd', multiple: true, help: 'what it reads' },
} as const satisfies OptionSpecs;

const command: Command = {
  usage: '[targets...]',
  positionals: { min: 0, max: 2 },
  options,
  json: true,
  details: 'More words.',
  run: () => Promise.resolve({}),
};
const parse = (...words: string[]): ReturnType<typeof parseInvocation> => parseInvocation('repro', command, words);
const hintOf = (...words: string[]): string | undefined => {
  try {
    parse(...words);
  } catch (error) {
    if (error instanceof PipeError) return `${error.message} | ${error.problems[0]?.hint ?? ''}`;
    throw error;
  }
  return undefined;
};

describe('the words after a command', () => {
  test('are flags, their values and targets, in any order', () => {
    const {
      positionals,
      options: given,
      global,
      help,
    } = parse('a', '-f', '-j4', '--deps', 'x', '-d=y', 'b', '--json', '-q');
    expect([positionals, { ...given }['force'], given['jobs'], given['deps']]).toEqual([
      ['a', 'b'],
      true,
      '4',
      ['x', '=y'],
    ]);
    expect([global, help]).toEqual([{ json: true, quiet: true, verbose: false }, false]);
    expect(parse('--', '-f').positionals).toEqual(['-f']);
  });

  test.each([
    [['--forse'], /Unknown option '--forse' \| did you mean --force\?/],
    [['--zzzzzz'], /Unknown option '--zzzzzz' \| run `pipe repro --help`/],
    [['--__proto__'], /Unknown option '--__proto__'/],
    [['--constructor=1'], /Unknown option '--constructor'/],
    [['-z'], /Unknown option '-z'/],
    [['--jobs'], /argument missing \| run `pipe repro --help`/],
    [['--force=yes'], /does not take an argument/],
    [['a', 'b', 'c'], /pipe repro takes fewer arguments \| usage: pipe repro \[targets\.\.\.\]/],
  ])('that make no sense are a problem with a hint: %j', (words, expected) => {
    expect(hintOf(...words)).toMatch(expected);
    expect(hintOf(...words)).toMatch(/^PIPE_USAGE /);
  });

  test('may ask for help without what the command needs', () => {
    const needy = { ...command, positionals: { min: 1, max: 1 } };
    expect(parseInvocation('add', needy, ['-h']).help).toBe(true);
    expect(() => parseInvocation('add', needy, [])).toThrow(/pipe add needs more arguments/);
  });

  test('hold --json only where the command has a JSON form', () => {
    expect(() => parseInvocation('dag', { ...command, json: false }, ['--json'])).toThrow(/Unknown option '--json'/);
  });
});

describe('the words without a command', () => {
  test('are global flags', () => {
    for (const words of [[], ['--help'], ['help', 'repro'], ['--cd', 'sub', '-q'], ['--help', '--json']])
      expect(() => {
        checkGlobal(words);
      }).not.toThrow();
    expect(() => {
      checkGlobal(['--cd']);
    }).toThrow(/PIPE_USAGE pipe: Option '--cd <value>' argument missing/);
    expect(() => {
      checkGlobal(['--nothing']);
    }).toThrow(/Unknown option/);
  });
});

const load = (): Promise<{ readonly default: Command }> => Promise.resolve({ default: command });
const names = ['repro', 'status', 'params diff', 'stage add', 'stage list'];
const entries = names.map((name): CommandEntry => ({ name, summary: `do ${name}`, load }));

describe('the command', () => {
  const split = (...argv: string[]): unknown => {
    const result = splitCommand(argv, entries);
    return result.ok
      ? [result.value.entry?.name, result.value.words]
      : result.problems.map(({ message, hint }) => [message, hint]);
  };

  test('is the first word or two, wherever global flags stand', () => {
    expect(split('repro', 'train', '-f')).toEqual(['repro', ['train', '-f']]);
    expect(split('--cd', 'sub', '-q', 'params', 'diff', 'HEAD')).toEqual([
      'params diff',
      ['--cd', 'sub', '-q', 'HEAD'],
    ]);
    expect(split('--cd=repro', 'status')).toEqual(['status', ['--cd=repro']]);
    expect(split()).toEqual([undefined, []]);
    expect(split('--help')).toEqual([undefined, ['--help']]);
    expect(split('help')).toEqual([undefined, ['help']]);
  });

  test('that does not exist is a problem with what may have been meant', () => {
    expect(split('reprp')).toEqual([['"reprp" is not a command of pipe', 'did you mean `pipe repro`?']]);
    expect(split('zzzzz')).toEqual([['"zzzzz" is not a command of pipe', 'run `pipe --help` for the list']]);
    expect(split('rep')).toEqual([['"rep" is not a command of pipe', 'did you mean `pipe repro`?']]);
    const family = 'one of:\npipe stage add   do stage add\npipe stage list  do stage list';
    expect(split('stage')).toEqual([['pipe stage needs a second word', family]]);
    expect(split('stage', '--json')).toEqual([['pipe stage needs a second word', family]]);
    expect(split('stage', 'remove')).toEqual([['pipe stage remove is not a command', family]]);
    expect(split('toString')).toEqual([['"toString" is not a command of pipe', 'run `pipe --help` for the list']]);
  });

  test('runs in the real folder that --cd names, which must be there', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pipe-words-')));
    mkdirSync(join(folder, 'sub'));
    symlinkSync('sub', join(folder, 'link'));
    expect(chdirTarget(folder, 'link')).toBe(join(folder, 'sub'));
    expect(chdirTarget('/', folder)).toBe(folder);
    expect(chdirTarget(folder, undefined)).toBe(folder);
    expect(() => chdirTarget(folder, 'nowhere')).toThrow(PipeError);
    rmSync(folder, { recursive: true });
  });
});

describe('help', () => {
  test('of the first word of several commands lists those', () => {
    const found = splitCommand(['stage', '-h'], entries);
    expect(found).toMatchObject({ ok: true, value: { family: 'stage' } });
    const text = overview(entries, 'stage');
    expect(text).toMatch(/^usage: pipe stage <command> \[options\]\n\n {2}stage add {3}do stage add\n/);
    expect(text).not.toContain('repro');
  });

  test('lists every command, one a line, in columns', () => {
    const lines = overview(entries).split('\n');
    expect(lines).toContain('  repro        do repro');
    expect(lines).toContain('  params diff  do params diff');
  });

  test('of a command shows its own options before the global ones', () => {
    const [entry] = entries;
    if (entry === undefined) throw new Error('no entry');
    const text = commandHelp(entry, command);
    expect(text.split('\n').slice(0, 10).join('\n')).toMatchInlineSnapshot(`
      "usage: pipe repro [options] [targets...]

      do repro.

      More words.

      options:
        -f, --force       run anyway
        -j, --jobs N      how many at once
        -d, --deps VALUE  what it reads"
    `);
    for (const flag of ['--json', '--help', '--quiet', '--verbose', '--cd DIR']) expect(text).toContain(flag);
  });
});
