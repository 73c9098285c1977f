import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { OptionSpec } from './option.ts';
import { optionOf, OPTIONS, REMOTE_OPTIONS } from './option.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** The rows below a heading, with cells trimmed: the formatter pads them. */
function rows(heading: string): string[][] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('| `'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function documented(table: Readonly<Record<string, OptionSpec>>): string[][] {
  return Object.entries(table).map(([name, spec]) => {
    const defaultText = spec.default === undefined ? '' : `\`${String(spec.default)}\``;
    return [`\`${name}\``, holds(spec), defaultText, spec.help];
  });
}

function holds(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'boolean':
      return '`true`, `false`';
    case 'integer':
      return `${String(spec.min)} to ${String(spec.max)}`;
    case 'text':
      return spec.secret === true ? 'text, secret' : 'text';
    case 'choice':
      return spec.choices.map((each) => `\`${each}\``).join(', ');
    case 'variables':
      return 'list of variables';
    case 'choices':
      return `list of ${spec.choices.map((each) => `\`${each}\``).join(', ')}`;
  }
}

test('docs/configuration.md lists every option as the table has it', () => {
  expect(rows('Options')).toEqual(documented(OPTIONS));
  expect(rows('Options of remotes')).toEqual(documented(REMOTE_OPTIONS));
});

test('a dotted name finds its option, and nothing else does', () => {
  expect(optionOf('core.jobs')).toBe(OPTIONS['core.jobs']);
  expect(optionOf('remote.my-1.url')).toBe(REMOTE_OPTIONS.url);
  for (const name of ['core', 'core.toString', 'remote.url', 'remote.a.constructor', 'remote..url', 'toString', '']) {
    expect(optionOf(name)).toBeUndefined();
  }
});
