import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { OptionSpecs } from './command.ts';
import { COMMANDS } from './index.ts';

const folder = new URL('../../docs/commands/', import.meta.url);
const pages = COMMANDS.filter(({ hidden }) => hidden !== true).map((entry) => ({
  entry,
  file: `${entry.name.replaceAll(' ', '-')}.md`,
}));

test.each(pages)('docs/commands/$file names every flag of its command, and no other', async ({ entry, file }) => {
  const { default: command } = await entry.load();
  const text = readFileSync(new URL(file, folder), 'utf8');
  const documented = [...text.matchAll(/^\| .*?`--([a-z-]+)/gm)].map(([, name]) => name);
  expect(documented).toEqual([...Object.keys(command.options), ...(command.json ? ['json'] : [])]);
  expect(text).toContain(`pipe ${entry.name} ${command.usage}`.trim());
});

test.each(pages)('docs/commands/$file gives the short form of every flag that has one', async ({ entry, file }) => {
  const { default: command } = await entry.load();
  const text = readFileSync(new URL(file, folder), 'utf8');
  const documented = [...text.matchAll(/^\| (?:`-(\w)`, )?`--([a-z-]+)/gm)].map(([, short, name]) => [name, short]);
  const specs: OptionSpecs = command.options;
  const known = Object.entries(specs).map(([name, { short }]) => [name, short]);
  expect(documented.filter(([name]) => name !== 'json')).toEqual(known);
});

test('docs/commands/README.md leads to the page of every command', () => {
  const text = readFileSync(new URL('README.md', folder), 'utf8');
  for (const { file } of pages) expect(text).toContain(`(${file})`);
});
