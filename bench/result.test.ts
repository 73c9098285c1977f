import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { documentOf, grownResults, growthResults, sampleResults, scenarioOf } from './document.fixture.ts';
import { conclude } from './result.ts';

const LOAD = { busy: 0, average: 0 };

function concluded(judged: boolean): ReturnType<typeof conclude> {
  const pipe = { name: 'pipe', role: 'pipe', seconds: [1, 2, 9] } as const;
  const peer = { name: 'peer', role: 'peer', seconds: [2, 4] } as const;
  return conclude(scenarioOf(), { pipe, memoryBytes: 1e6, others: [peer] }, { where: 'disk', judged, load: LOAD });
}

test('a result has the median of the runs, and of the ratios of its pairs', () => {
  expect(concluded(true)).toMatchObject({
    pipe: { seconds: { median: 2, min: 1, max: 9 } },
    others: [{ seconds: { median: 3 }, ratio: { median: 0.5, min: 0.5, max: 0.5 } }],
    verdict: 'missed',
  });
});

test('where a scenario is not judged it has no budget but that of memory', () => {
  expect(concluded(false)).toMatchObject({ judgements: [{ budget: { kind: 'memory' } }], verdict: 'reported' });
});

test('what works on a share of the data has no time to be judged by, but keeps what holds on every disk', () => {
  const budgets = [{ kind: 'seconds', atMost: 100 } as const, { kind: 'stored', atMost: 1e6 } as const];
  const pipe = { name: 'pipe', role: 'pipe', seconds: [1] } as const;
  const measured = { pipe, memoryBytes: 1e6, storedBytes: 2e6, others: [] };
  const result = conclude(scenarioOf({ budgets, scale: 0.01 }), measured, { where: 'tmpfs', judged: true, load: LOAD });
  expect(result).toMatchObject({
    scale: 0.01,
    storedBytes: 2e6,
    judgements: [
      { budget: { kind: 'stored' }, verdict: 'missed' },
      { budget: { kind: 'memory' }, verdict: 'met' },
    ],
  });
});

test('the document follows its schema', () => {
  const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'bench.schema.json'), 'utf8')) as object;
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
  const grown = grownResults([
    { files: 10, seconds: 1, memoryBytes: 1e6, requests: { GetObject: 1 } },
    { files: 100, seconds: 14, memoryBytes: 1e6 },
  ]);
  const all = [...sampleResults(), ...growthResults(), ...grown];
  validate(JSON.parse(JSON.stringify(documentOf(all, ['a warning']))));
  expect(validate.errors ?? []).toEqual([]);
});
