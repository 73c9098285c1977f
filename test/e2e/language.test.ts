import { posix } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { loadPipeline } from '../../src/pipeline/load.ts';
import type { Out, Pipeline, Stage } from '../../src/pipeline/model.ts';
import { sortedBy } from '../../src/kit/order.ts';
import type { Parsing } from '../../src/pipeline/text.ts';
import type { Result } from '../../src/problem/problem.ts';
import { askDvc, type Answer } from './language/ask-dvc.ts';
import { BAD, GOOD, type CorpusProject } from './language/corpus.ts';
import { typed } from './language/typed.ts';

const answers = new Map<CorpusProject, Answer>();

beforeAll(() => {
  const projects = [...GOOD, ...BAD];
  const { projects: replies } = askDvc({ projects });
  for (const [index, project] of projects.entries()) answers.set(project, replies[index] ?? { error: 'no answer' });
}, 120_000);

function load({ file = 'dvc.yaml', files, config }: CorpusProject): Result<Pipeline> {
  const parsing = (config?.['parsing'] ?? {}) as Parsing;
  return loadPipeline({ file, read: (path) => files[path], env: {}, parsing });
}

test.each(GOOD)('means what it means to DVC: $name', (project) => {
  const result = load(project);
  expect(result.ok ? [] : result.problems.map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  if (result.ok) expect(inDvcTerms(result.value)).toEqual(withPlainPlots(answers.get(project)));
});

test.each(BAD)('is refused by both: $name', (project) => {
  expect(answers.get(project)).toHaveProperty('error');
  const result = load(project);
  expect(result.ok).toBe(false);
  if (!result.ok) for (const problem of result.problems) expect(problem.at).toBeDefined();
});

/** DVC hands plots on as written: a path, or a map from id to properties. */
function withPlainPlots(answer: Answer | undefined): unknown {
  if (answer === undefined || !('plots' in answer)) return answer;
  const plots = answer['plots'] as (string | { readonly map: unknown[] })[];
  return { ...answer, plots: plots.flatMap((plot) => (typeof plot === 'string' ? [[plot, null]] : plot.map)) };
}

function inDvcTerms(pipeline: Pipeline): unknown {
  const folder = posix.dirname(pipeline.file);
  const local = (path: string): string => (folder === '.' ? path : posix.relative(folder, path));
  return {
    stages: pipeline.stages.map(stageInDvcTerms),
    params: pipeline.params.map(local),
    metrics: pipeline.metrics.map(local),
    plots: pipeline.plots.map(({ id, properties }) => [id, properties.size === 0 ? null : typed(properties)]),
    artifacts: {
      map: pipeline.artifacts.map(({ name, path, type, desc, labels, meta }) => [
        name,
        {
          map: [
            ['path', local(path)],
            ...(type === undefined ? [] : [['type', type]]),
            ...(desc === undefined ? [] : [['desc', desc]]),
            ...(labels.length === 0 ? [] : [['labels', labels]]),
            ...(meta === undefined ? [] : [['meta', typed(meta)]]),
          ],
        },
      ]),
    },
  };
}

function stageInDvcTerms(stage: Stage): unknown {
  return {
    name: stage.name,
    cmd: stage.cmd,
    wdir: stage.wdir,
    deps: stage.deps.map(({ as }) => as),
    params: stage.params.map(({ path, keys = [] }) => ({ path, keys })),
    outs: stage.outs.map(outInDvcTerms),
    frozen: stage.frozen,
    always_changed: stage.alwaysChanged,
    desc: stage.desc ?? null,
    meta: stage.meta === undefined ? null : typed(stage.meta),
    tracked: Object.fromEntries((stage.tracked ?? []).map(({ path, keys }) => [path, [...(keys ?? [])].sort()])),
  };
}

function outInDvcTerms(out: Out): unknown {
  const { as, kind, cache, persist, push, remote, desc, type, labels, meta, plot } = out;
  return {
    path: as,
    kind,
    cache,
    persist,
    push,
    remote: remote ?? null,
    desc: desc ?? null,
    type: type ?? null,
    labels: labels ?? [],
    meta: meta === undefined ? null : typed(meta),
    plot: plot === undefined ? null : typed(new Map(sortedBy(plot, ([name]) => name))),
  };
}
