import { format } from 'prettier';
import { expect, test } from 'vitest';
import { documentOf, grownResults, growthResults, sampleResults } from './document.fixture.ts';
import { isGrowth, judgeGrowth, renderGrowth } from './growth.ts';
import { renderSummary } from './summary.ts';

test('each number of files is compared with the next smaller one, and a share of the data shows', () => {
  expect(`\n${renderGrowth(growthResults())}\n`).toMatchInlineSnapshot(`
    "
    How time and memory grow with the number of files:

    | work | where | files         | pipe    | time grows      | memory | memory grows    | verdict  |
    | ---- | ----- | ------------- | ------- | --------------- | ------ | --------------- | -------- |
    | add  | tmpfs | 10,000        | 0.500 s |                 | 60 MB  |                 | met      |
    | add  | tmpfs | 100,000 × 0.5 | 4.00 s  | × 8.00 for × 10 | 120 MB | × 2.00 for × 10 | reported |
    "
  `);
});

test('results of growth have a table of their own, in which nothing else stands', async () => {
  expect(sampleResults().some(isGrowth)).toBe(false);
  const summary = renderSummary(documentOf([...sampleResults(), ...growthResults()]));
  expect(summary.match(/10,000/g)).toHaveLength(1);
  expect(summary).not.toContain('growth.');
  expect(await format(summary, { parser: 'markdown', printWidth: 120 })).toBe(`${summary}\n`);
  expect(renderSummary(documentOf(growthResults()))).not.toContain('| scenario');
});

const SMALL = { files: 1000, seconds: 1, memoryBytes: 10e6 };

/** Ten times the files, for that much. */
function verdictFor(seconds: number, memoryBytes: number, at: { judged?: boolean; scale?: number } = {}): string {
  return grownResults([SMALL, { files: 10_000, seconds, memoryBytes }], at)[1]!.verdict;
}

test('10 times the files may take 13 times the time and 10 times the memory, and no more', () => {
  expect(verdictFor(13, 100e6)).toBe('met');
  expect(verdictFor(13.1, 100e6)).toBe('missed');
  expect(verdictFor(13, 101e6)).toBe('missed');
});

test('where no time is judged its growth is not either, but that of memory is', () => {
  for (const at of [{ judged: false }, { scale: 0.01 }]) {
    expect(verdictFor(99, 100e6, at)).toBe('reported');
    expect(verdictFor(1, 101e6, at)).toBe('missed');
  }
});

test('growth is held against the next smaller number of files, and open where that has no number', () => {
  const costs = [
    SMALL,
    { files: 10_000, seconds: 12, memoryBytes: 20e6 },
    { files: 100_000, seconds: 144, memoryBytes: 40e6 },
  ];
  const results = grownResults(costs);
  expect(results.map(({ verdict }) => verdict)).toEqual(['met', 'met', 'met']);
  expect(results[2]!.judgements[0]).toMatchObject({ measured: 12, verdict: 'met' });
  const alone = grownResults(costs).map((result) => ({
    ...result,
    judgements: result.judgements.map((each) =>
      each.budget.kind.endsWith('-growth') ? { ...each, measured: null, verdict: 'open' as const } : each,
    ),
  }));
  const failed = { scenario: alone[1]!.scenario, where: 'tmpfs', failed: 'why' } as const;
  expect(judgeGrowth([alone[0]!, failed, alone[2]!])).toMatchObject([{ verdict: 'met' }, failed, { verdict: 'open' }]);
});

test('what has grown too much is said, and how often a server was asked stands in the table', () => {
  const results = grownResults([
    { ...SMALL, requests: { PutObject: 3, GetObject: 1 } },
    { files: 10_000, seconds: 14, memoryBytes: 110e6, requests: { PutObject: 1200 } },
  ]);
  const summary = renderSummary(documentOf(results));
  expect(`\n${renderGrowth(results)}\n`).toMatchInlineSnapshot(`
    "
    How time and memory grow with the number of files:

    | work | where | files  | pipe   | time grows    | memory | memory grows  | requests | verdict |
    | ---- | ----- | ------ | ------ | ------------- | ------ | ------------- | -------- | ------- |
    | push | tmpfs | 1,000  | 1.00 s |               | 10 MB  |               | 4        | met     |
    | push | tmpfs | 10,000 | 14.0 s | × 14 for × 10 | 110 MB | × 11 for × 10 | 1,200    | missed  |
    "
  `);
  expect(summary.split('\n').filter((line) => line.includes('took'))).toMatchInlineSnapshot(`
    [
      "- growth.push.10000-files on tmpfs took × 14 the time of the next smaller number of files, at most × 13",
      "- growth.push.10000-files on tmpfs took × 11 the memory of the next smaller number of files, at most × 10",
    ]
  `);
});

test('a failed run and what is not of growth are passed on as they are', () => {
  expect(judgeGrowth(sampleResults())).toEqual(sampleResults());
});
