import { expect, test } from 'vitest';
import { replaceTable } from './publish.ts';

const PAGE = 'before\n\n<!-- bench:start -->\n\nold\n\n<!-- bench:end -->\n\nafter $& $1\n';

test('what stands between the markers is replaced, the rest keeps its bytes', () => {
  const page = replaceTable(PAGE, 'new $&');
  expect(page).toBe('before\n\n<!-- bench:start -->\n\nnew $&\n\n<!-- bench:end -->\n\nafter $& $1\n');
  expect(replaceTable(page, 'old')).toBe(PAGE);
});

test('a page has a table for each choice of scenarios', () => {
  const both = `${PAGE}<!-- bench:start data.small gc -->\n\nown\n\n<!-- bench:end -->\n`;
  const page = replaceTable(both, 'new', ['data.small', 'gc']);
  expect(page).toBe(`${PAGE}<!-- bench:start data.small gc -->\n\nnew\n\n<!-- bench:end -->\n`);
  expect(replaceTable(page, 'new')).toContain('new\n\n<!-- bench:end -->\n\nafter');
  expect(() => replaceTable(page, 'new', ['data.small'])).toThrow('<!-- bench:start data.small -->');
});

test.each([
  'no markers',
  '<!-- bench:start --> <!-- bench:start gc --> <!-- bench:end -->',
  '<!-- bench:start -->',
  '<!-- bench:end --> <!-- bench:start -->',
  PAGE + PAGE,
])('a page without one pair of markers is refused: %j', (page) => {
  expect(() => replaceTable(page, 'new')).toThrow('<!-- bench:start -->');
});
