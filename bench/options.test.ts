import { expect, test } from 'vitest';
import { parseOptions, selectNamed } from './options.ts';
import { allScenarios } from './scenario/index.ts';

const NAMED = ['repro.100-stages.first-run', 'repro.1000-stages.first-run', 'start-up.help'].map((name) => ({ name }));

function selected(...only: string[]): string[] {
  return selectNamed(NAMED, only).map(({ name }) => name);
}

test('five pairs of everything, unless told otherwise', () => {
  expect(parseOptions([])).toMatchObject({ pairs: 5, only: [], json: false, long: false });
  expect(parseOptions(['--pairs', '9', '--only', 'a', 'b', '--only', 'c']).only.toSorted()).toEqual(['a', 'b', 'c']);
});

test.each([
  ['--pairs', '0'],
  ['--pairs', 'x'],
  ['--scale', '0'],
  ['--scale', '2'],
  ['--where', 'moon'],
  ['--nonsense'],
  ['stray'],
])('%s %s is refused', (...argv) => {
  expect(() => parseOptions(argv)).toThrow();
});

test('a name selects itself and what its dots divide further, in the order of the table', () => {
  expect(selected()).toHaveLength(3);
  expect(selected('start-up', 'repro.100-stages')).toEqual(['repro.100-stages.first-run', 'start-up.help']);
  expect(selected('repro')).toHaveLength(2);
});

test('a table of a share of the data is not published', () => {
  expect(parseOptions(['--scale', '0.01']).scale).toBe(0.01);
  expect(() => parseOptions(['--scale', '0.01', '--write', 'page.md'])).toThrow('--write');
});

test('what takes long is measured when it is named, or when all of it is asked for', () => {
  const both = [{ name: 'short' }, { name: 'slow.one', long: true }];
  expect(selectNamed(both, [])).toHaveLength(1);
  expect(selectNamed(both, [], true)).toHaveLength(2);
  expect(selectNamed(both, ['slow'])).toEqual([both[1]]);
});

test('a name that selects nothing is an error that lists all names', () => {
  expect(() => selected('repro', 'repro.10')).toThrow(/"repro\.10".*\n.*repro\.100-stages\.first-run/);
});

test('every scenario has a name and at most one budget of each kind, a ratio against each contender that is there', () => {
  for (const long of [false, true]) {
    const all = allScenarios({ long, scale: 1 });
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { budgets, others } of all) {
      const kinds = budgets.map((budget) => (budget.kind === 'ratio' ? `ratio to ${budget.to}` : budget.kind));
      expect(new Set(kinds).size).toBe(kinds.length);
      const names = others.map(({ name }) => name);
      for (const budget of budgets) if (budget.kind === 'ratio') expect(names).toContain(budget.to);
    }
  }
});
