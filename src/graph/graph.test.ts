import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWithin } from '../kit/path.ts';
import type { Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { unwrap } from '../problem/problem.ts';
import { findCycles } from './cycle.ts';
import { globMeets } from './glob.ts';
import { buildGraph } from './graph.ts';
import { topologicalOrder } from './order.ts';
import { outIndex } from './out-index.ts';
import { reach } from './select.ts';
import { stageOf } from './stage.fixture.ts';

type Needs = ReadonlyMap<string, readonly string[]>;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

/** Any graph of up to seven stages, circles included. */
const anyNeeds: fc.Arbitrary<Needs> = fc
  .array(fc.subarray(NAMES), { minLength: NAMES.length, maxLength: NAMES.length })
  .map((lists) => new Map(NAMES.map((name, at) => [name, lists[at] ?? []])));
/** Any graph without circles: each stage needs only such that come before it in a random order. */
const acyclic: fc.Arbitrary<Needs> = fc
  .tuple(fc.shuffledSubarray(NAMES, { minLength: NAMES.length }), anyNeeds)
  .map(
    ([order, all]) =>
      new Map(
        NAMES.map((name) => [name, (all.get(name) ?? []).filter((each) => order.indexOf(each) < order.indexOf(name))]),
      ),
  );

function stagesOf(needs: Needs): Map<string, Stage> {
  return new Map([...needs.keys()].map((name) => [name, stageOf(name)]));
}

function problemsOf(stages: readonly Stage[]): readonly Problem[] {
  const result = buildGraph(stages);
  return result.ok ? [] : result.problems;
}

/** Which stages can reach themselves, by brute force. */
function onCircles(needs: Needs): Set<string> {
  const next = (name: string): readonly string[] => needs.get(name) ?? [];
  return new Set([...needs.keys()].filter((name) => reach(next(name), next).has(name)));
}

describe('the order', () => {
  test('puts what is needed before what needs it, each stage once', () => {
    fc.assert(
      fc.property(acyclic, fc.shuffledSubarray(NAMES, { minLength: NAMES.length }), (needs, given) => {
        const order = topologicalOrder(given, needs);
        expect([...order].sort()).toEqual(NAMES);
        for (const [name, needed] of needs) for (const each of needed) expect(order.indexOf(each)).toBeLessThan(order.indexOf(name)); // prettier-ignore
      }),
    );
  });

  test('is that of the files where nothing is needed', () => {
    expect(topologicalOrder(['c', 'a', 'b'], new Map([['c', ['b']]]))).toEqual(['b', 'c', 'a']);
  });

  test('is found for very long chains and for one stage that needs very many', () => {
    const chain = Array.from({ length: 50_000 }, (_, at) => String(at));
    const needs = new Map(chain.map((name, at) => [name, at + 1 < chain.length ? [String(at + 1)] : []]));
    expect(topologicalOrder(chain, needs)[0]).toBe('49999');
    expect(findCycles(new Map(chain.map((name) => [name, stageOf(name)])), needs)).toEqual([]);
    const many = Array.from({ length: 200_000 }, (_, at) => String(at));
    expect(topologicalOrder(['all'], new Map([['all', many]])).at(-1)).toBe('all');
  });
});

describe('circles', () => {
  /** The stages that a problem names, in the order of the circle. */
  const namesIn = ({ message }: Problem): string[] => {
    const alone = /^"(\w+)" needs its own out$/.exec(message)?.[1];
    return alone === undefined ? message.replace('these stages need each other: ', '').split(' → ') : [alone, alone];
  };

  test('are found exactly where stages can reach themselves, and each is one that exists', () => {
    fc.assert(
      fc.property(anyNeeds, (needs) => {
        const circles = findCycles(stagesOf(needs), needs).map(namesIn);
        expect(circles.length > 0).toBe(onCircles(needs).size > 0);
        for (const circle of circles) {
          expect(circle.at(-1)).toBe(circle[0]);
          for (const [at, name] of circle.slice(0, -1).entries()) expect(needs.get(name)).toContain(circle[at + 1]);
        }
        // What is left over when one circle of each group is named lies in the same group as a named one.
        const next = (name: string): readonly string[] => needs.get(name) ?? [];
        for (const name of onCircles(needs)) {
          const group = [...reach([name], next)].filter((each) => reach([each], next).has(name));
          expect(circles.some((circle) => circle.every((each) => group.includes(each)))).toBe(true);
        }
      }),
    );
  });

  test('of one, two and three stages are named', () => {
    expect(problemsOf([stageOf('a', { deps: ['x'], outs: ['x'] })]).map((each) => each.message)).toEqual([
      '"a" needs its own out',
    ]);
    const two = [stageOf('a', { deps: ['y'], outs: ['x'] }), stageOf('b', { deps: ['x'], outs: ['y'] })];
    expect(problemsOf(two).map((each) => each.message)).toEqual(['these stages need each other: a → b → a']);
    const three = ['ab', 'bc', 'ca'].map(([out = '', dep = '']) => stageOf(out, { deps: [dep], outs: [out] }));
    expect(problemsOf(three).map((each) => [each.code, each.message])).toEqual([['PIPE_CYCLE', 'these stages need each other: a → b → c → a']]); // prettier-ignore
  });

  test('through a folder, a pattern or a parameter file count, too', () => {
    expect(problemsOf([stageOf('a', { deps: ['data'], outs: ['data/x'] })])).toHaveLength(1);
    expect(problemsOf([stageOf('a', { deps: [{ path: 'data/*', glob: true }], outs: ['data/x'] })])).toHaveLength(1);
    expect(problemsOf([stageOf('a', { params: ['p.yaml'], outs: ['p.yaml'] })])).toHaveLength(1);
    expect(problemsOf([stageOf('a', { deps: [{ path: 'data/*', glob: true }], outs: ['data/sub/x'] })])).toEqual([]);
  });
});

describe('who makes a path', () => {
  const segment = fc.constantFrom('a', 'b', 'ab', 'a-b', '__proto__');
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const stages = fc.array(fc.uniqueArray(path, { maxLength: 3 }), { maxLength: 5 }).map((all) => all.map((outs, at) => stageOf(`s${String(at)}`, { outs }))); // prettier-ignore

  test('is whoever has an out that is it, holds it or lies in it', () => {
    fc.assert(
      fc.property(stages, fc.oneof(path, fc.constant('.')), fc.boolean(), (all, asked, glob) => {
        const wanted = glob && asked !== '.' ? asked.replace('ab', '*') : asked;
        const isPattern = wanted.includes('*');
        const makers = new Set([...outIndex(all).makersOf(wanted, isPattern)].map(({ name }) => name));
        const first = new Map(
          all.flatMap((stage) => stage.outs.map((out) => [out.path, stage.name] as const)).reverse(),
        );
        const expected = [...first].filter(([out]) =>
          isPattern ? globMeets(wanted, out) : isWithin(wanted, out) || isWithin(out, wanted),
        );
        expect(makers).toEqual(new Set(expected.map(([, name]) => name)));
      }),
      { numRuns: 300 },
    );
  });

  test('is in doubt when outs are the same or lie in one another: every case is a problem', () => {
    fc.assert(
      fc.property(stages, (all) => {
        const outs = all.flatMap((stage) => stage.outs.map((out) => out.path));
        const distinct = [...new Set(outs)];
        const nested = distinct.flatMap((inner) =>
          distinct.filter((outer) => outer !== inner && isWithin(outer, inner)),
        );
        const codes = outIndex(all).problems.map((each) => each.code);
        expect(codes.filter((code) => code === 'PIPE_OUT_DUPLICATE')).toHaveLength(outs.length - distinct.length);
        expect(codes.filter((code) => code === 'PIPE_OUT_OVERLAP')).toHaveLength(nested.length);
      }),
    );
  });

  test('names that only begin alike do not lie in one another', () => {
    expect(problemsOf([stageOf('a', { outs: ['data'] }), stageOf('b', { outs: ['data-raw', 'data.csv'] })])).toEqual(
      [],
    );
  });

  test('an out that would take the pipeline file with it is a problem', () => {
    const [problem] = problemsOf([stageOf('a', { file: 'sub/pipeline.yaml', outs: ['sub'] })]);
    expect(problem).toMatchObject({
      code: 'PIPE_OUT_OVERLAP',
      message: expect.stringContaining('sub/pipeline.yaml') as string,
    });
  });
});

describe('the graph', () => {
  test('knows both directions, and every problem at once', () => {
    const graph = unwrap(
      buildGraph([
        stageOf('train', { deps: ['data/clean', { path: 's3://bucket/x', url: true }], params: ['params.yaml'] }),
        stageOf('clean', { deps: ['raw'], outs: ['data/clean'] }),
        stageOf('params', { outs: ['params.yaml'] }),
      ]),
    );
    expect(graph.order).toEqual(['clean', 'params', 'train']);
    expect(graph.needs.get('train')).toEqual(['clean', 'params']);
    expect(graph.neededBy.get('clean')).toEqual(['train']);
    const all = problemsOf([
      stageOf('a', { deps: ['y'], outs: ['x', 'z'] }),
      stageOf('b', { deps: ['x'], outs: ['y', 'z', 'z/q'] }),
    ]);
    expect(all.map((each) => each.code).sort()).toEqual(['PIPE_CYCLE', 'PIPE_OUT_DUPLICATE', 'PIPE_OUT_OVERLAP']);
  });
});
