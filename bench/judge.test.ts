import { expect, test } from 'vitest';
import type { Facts } from './judge.ts';
import { judge, MEMORY_BUDGET, overall } from './judge.ts';
import type { Budget } from './scenario.ts';

function verdicts(budgets: readonly Budget[], facts: Partial<Facts> = {}): string[] {
  const all = { seconds: 1, memoryBytes: 1e6, ratioTo: () => undefined, ...facts };
  return judge(budgets, all).map(({ verdict }) => verdict);
}

test('a budget is met up to its limit and missed beyond it', () => {
  expect(verdicts([{ kind: 'seconds', atMost: 1 }])).toEqual(['met', 'met']);
  expect(verdicts([{ kind: 'seconds', atMost: 0.999 }])).toEqual(['missed', 'met']);
});

test('a budget in multiples is held against the contender that it names', () => {
  const ratioTo = (name: string): number | undefined => ({ cp: 1.2, node: 3 })[name];
  expect(verdicts([{ kind: 'ratio', atMost: 1.25, to: 'cp' }], { ratioTo })).toEqual(['met', 'met']);
  expect(verdicts([{ kind: 'ratio', atMost: 1.25, to: 'node' }], { ratioTo })).toEqual(['missed', 'met']);
});

test('a budget whose contender was not measured is neither met nor missed', () => {
  expect(verdicts([{ kind: 'ratio', atMost: 1.25, to: 'cp' }])).toEqual(['open', 'met']);
});

test('memory is judged in every scenario', () => {
  expect(verdicts([], { memoryBytes: MEMORY_BUDGET })).toEqual(['met']);
  expect(verdicts([], { memoryBytes: MEMORY_BUDGET + 1 })).toEqual(['missed']);
});

test('a scenario may have a budget of its own for memory', () => {
  const own: Budget = { kind: 'memory', atMost: 500e6 };
  expect(verdicts([own], { memoryBytes: 400e6 })).toEqual(['met']);
  expect(verdicts([own], { memoryBytes: 501e6 })).toEqual(['missed']);
});

test('what a run adds to the store is judged where it was looked at', () => {
  const stored: Budget = { kind: 'stored', atMost: 1e6 };
  expect(verdicts([stored], { storedBytes: 1e6 })).toEqual(['met', 'met']);
  expect(verdicts([stored], { storedBytes: 1e6 + 1 })).toEqual(['missed', 'met']);
  expect(verdicts([stored])).toEqual(['open', 'met']);
});

test('one missed budget outweighs all others, and one that is open all that are met', () => {
  const facts: Facts = { seconds: 1, memoryBytes: 1, ratioTo: () => undefined };
  const met = judge([{ kind: 'seconds', atMost: 2 }], facts);
  const open = judge([{ kind: 'ratio', atMost: 2, to: 'cp' }], facts);
  const missed = judge([{ kind: 'seconds', atMost: 0.5 }], facts);
  expect(overall(met, true)).toBe('met');
  expect(overall([...met, ...open], true)).toBe('open');
  expect(overall([...open, ...missed, ...met], true)).toBe('missed');
});

test('where time is only reported, memory can still be missed', () => {
  const facts: Facts = { seconds: 1, memoryBytes: 1, ratioTo: () => undefined };
  expect(overall(judge([], facts), false)).toBe('reported');
  expect(overall(judge([], { ...facts, memoryBytes: 1e9 }), false)).toBe('missed');
});
