import { format } from 'prettier';
import { expect, test } from 'vitest';
import { documentOf, sampleResults, scenarioOf } from './document.fixture.ts';
import { replaceTable } from './publish.ts';
import { conclude } from './result.ts';
import { renderSummary } from './summary.ts';

/** Without the table. */
function notesOf(document: ReturnType<typeof documentOf>): string[] {
  return renderSummary(document)
    .split('\n')
    .filter((line) => !line.startsWith('|') && line !== '');
}

test('a summary says on what it was measured, and all that takes from its numbers', () => {
  expect(notesOf(documentOf(sampleResults(), ['too few pairs']))).toMatchInlineSnapshot(`
    [
      "pipe 1.2.3 (abc1234), 2030-01-02, 3 pairs. Some CPU · 2 cores · 8 GiB · Linux 6.1 · Node v20.19.0 · tmpfs, disk ext4",
      "- too few pairs",
      "- status.1-stage.nothing-changed on disk failed: pipe ended with 1",
      "- the machine was not idle: others kept a share of its cores busy before or after repro.1000-stages.first-run on tmpfs (50 %)",
      "- repro.1000-stages.first-run on tmpfs used more memory than 300 MB",
      "- repro.1000-stages.first-run on tmpfs: dvc takes long; repro.100-stages.first-run took it 25.0 s",
      "- ninja is left out: not installed",
    ]
  `);
});

test('a run without a blemish has the machine and the table only', () => {
  expect(notesOf(documentOf(sampleResults().slice(0, 1)))).toHaveLength(1);
});

test('a summary says what pipe asked a server for, most often first, and nothing where it asked for nothing', () => {
  const pipe = { name: 'pipe', role: 'pipe', seconds: [0.5] } as const;
  const at = { where: 'tmpfs', judged: true, load: { busy: 0, average: 0 } } as const;
  const results = [{ GetObject: 3, PutObject: 1234, HeadObject: 20 }, {}, undefined].map((requests, number) => {
    const measured = { pipe, memoryBytes: 1, others: [], ...(requests === undefined ? {} : { requests }) };
    return conclude(scenarioOf({ name: `push.${number}`, budgets: [] }), measured, at);
  });
  expect(notesOf(documentOf(results)).slice(1)).toEqual([
    "- push.0 on tmpfs: pipe's requests were 1,234 PutObject, 20 HeadObject, 3 GetObject",
  ]);
});

test('a summary stands in a page as Prettier would write it', async () => {
  const page = replaceTable(
    '# Title\n\n<!-- bench:start -->\n<!-- bench:end -->\n',
    renderSummary(documentOf(sampleResults())),
  );
  expect(await format(page, { parser: 'markdown', printWidth: 120 })).toBe(page);
});
