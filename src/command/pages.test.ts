import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
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

test('docs/commands/README.md leads to the page of every command', () => {
  const text = readFileSync(new URL('README.md', folder), 'utf8');
  for (const { file } of pages) expect(text).toContain(`(${file})`);
});
