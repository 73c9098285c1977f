import { format } from 'prettier';
import { expect, test } from 'vitest';
import { documentOf, growthResults, sampleResults } from './document.fixture.ts';
import { isGrowth, renderGrowth } from './growth.ts';
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
