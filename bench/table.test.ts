import { format } from 'prettier';
import { expect, test } from 'vitest';
import { sampleResults } from './document.fixture.ts';
import { renderTable } from './table.ts';

test('a row per peer, with the runs of a slow one, and no number for a failed scenario', () => {
  expect(`\n${renderTable(sampleResults())}\n`).toMatchInlineSnapshot(`
    "
    | scenario                       | where | pipe    | peer                | ratio               | floor                     | budget             | verdict | memory |
    | ------------------------------ | ----- | ------- | ------------------- | ------------------- | ------------------------- | ------------------ | ------- | ------ |
    | repro.100-stages.first-run     | tmpfs | 0.500 s | dvc 25.0 s (2 runs) | 0.019 (0.013–0.025) | 2.00 × spawn loop 0.250 s | ≤ 0.8 s            | met     | 80 MB  |
    |                                |       |         | ninja 0.050 s       | 10 (8.00–12)        |                           |                    |         |        |
    | repro.1000-stages.first-run    | tmpfs | 0.500 s |                     |                     | 2.00 × spawn loop 0.250 s | ≤ 1.5 × spawn loop | missed  | 301 MB |
    | status.1-stage.nothing-changed | disk  |         |                     |                     |                           |                    | failed  |        |
    "
  `);
});

test('the table stands in a page as Prettier would write it', async () => {
  const table = renderTable(sampleResults());
  expect(await format(table, { parser: 'markdown', printWidth: 120 })).toBe(`${table}\n`);
});
