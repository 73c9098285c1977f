import fc from 'fast-check';
import { expect, test } from 'vitest';
import { displayWidth } from '../../kit/width.ts';
import type { Picture } from './picture.ts';
import { drawText } from './text.ts';

/** `a,b>c,d` is an edge from each of a, b to each of c, d. */
function picture(...lines: string[]): Picture {
  const edges = lines.flatMap((line) => {
    const [from = '', to = ''] = line.split('>');
    return from.split(',').flatMap((a) => to.split(',').map((b) => [a, b] as const));
  });
  return { nodes: [...new Set(edges.flat())], edges };
}

const example = picture('prepare>train,evaluate', 'train>evaluate', 'train,evaluate>publish');

test('what is needed stands above what needs it', () => {
  expect(drawText(example, { width: 60, ascii: false })).toMatchInlineSnapshot(`
    "    ┌─────────┐
        │ prepare │
        └────┬────┘
         ┌───┴───┐
         ▼       │
     ┌───────┐   │
     │ train │   │
     └───┬───┘   │
        ┌┴─────┐ │
        │      ▼ ▼
        │   ┌──────────┐
        │   │ evaluate │
        │   └────┬─────┘
        └┬───────┘
         ▼
    ┌─────────┐
    │ publish │
    └─────────┘"
  `);
});

test('ASCII drawings use nothing else', () => {
  expect(drawText(example, { width: 60, ascii: true })).toMatchInlineSnapshot(`
    "    +---------+
        | prepare |
        +----+----+
         +---+---+
         v       |
     +-------+   |
     | train |   |
     +---+---+   |
        ++-----+ |
        |      v v
        |   +----------+
        |   | evaluate |
        |   +----+-----+
        ++-------+
         v
    +---------+
    | publish |
    +---------+"
  `);
});

test('an edge that skips rows passes between the boxes, and a crossing is no junction', () => {
  const drawing = drawText(
    picture(
      'clean>split,features',
      'split,features>normalize',
      'normalize>ae,vae',
      'ae>eval-ae',
      'vae>eval-vae',
      'split>eval-ae,eval-vae',
    ),
    { width: 80, ascii: false },
  );
  expect(drawing).toMatchInlineSnapshot(`
    "              ┌───────┐
                  │ clean │
                  └───┬───┘
               ┌──────┴─────┐
               ▼            ▼
           ┌───────┐   ┌──────────┐
           │ split │   │ features │
           └───┬───┘   └─┬────────┘
              ┌┴───────┐ │
              │        ▼ ▼
              │    ┌───────────┐
              │    │ normalize │
              │    └─────┬─────┘
              │     ┌────┴────┐
              │     ▼         ▼
              │   ┌────┐   ┌─────┐
              │   │ ae │   │ vae │
              │   └─┬──┘   └──┬──┘
         ┌────┴─────│──┐    ┌─┘
         │   ┌──────┘  │    │
         ▼   ▼         ▼    ▼
    ┌─────────┐   ┌──────────┐
    │ eval-ae │   │ eval-vae │
    └─────────┘   └──────────┘"
  `);
});

test('stages that need the very same stages share one line', () => {
  expect(drawText(picture('a,b,c>d,e'), { width: 60, ascii: false })).toMatchInlineSnapshot(`
    "┌───┐   ┌───┐   ┌───┐
    │ a │   │ b │   │ c │
    └─┬─┘   └─┬─┘   └─┬─┘
      └───┬───┴───┬───┘
          ▼       ▼
        ┌───┐   ┌───┐
        │ d │   │ e │
        └───┘   └───┘"
  `);
});

test('pipelines that do not touch stand side by side while there is room', () => {
  const three: Picture = { nodes: ['one', 'two', 'three'], edges: [] };
  expect(drawText(three, { width: 60, ascii: false })).toMatchInlineSnapshot(`
    "┌─────┐   ┌─────┐   ┌───────┐
    │ one │   │ two │   │ three │
    └─────┘   └─────┘   └───────┘"
  `);
  expect(drawText(three, { width: 20, ascii: false })).toMatchInlineSnapshot(`
    "┌─────┐   ┌─────┐
    │ one │   │ two │
    └─────┘   └─────┘
    ┌───────┐
    │ three │
    └───────┘"
  `);
});

test('thirty stages with a common start and end fit into 60 and 120 columns', () => {
  const names = Array.from({ length: 30 }, (_, index) => `train@${String(index)}`).join(',');
  for (const width of [60, 120]) {
    const drawing = drawText(picture(`prepare>${names}`, `${names}>summary`), { width, ascii: false });
    expect(drawing).toContain('│ train@29 │');
    expect(widest(drawing)).toBeLessThanOrEqual(width);
  }
});

test('wide characters keep their box', () => {
  expect(drawText(picture('データ>🚀'), { width: 60, ascii: false })).toMatchInlineSnapshot(`
    "┌────────┐
    │ データ │
    └───┬────┘
        ▼
      ┌────┐
      │ 🚀 │
      └────┘"
  `);
});

test('a name cannot break the drawing', () => {
  expect(drawText({ nodes: ['a\n\u001b[2Jb'], edges: [] }, { width: 60, ascii: true })).toMatchInlineSnapshot(`
    "+---------------+
    | a\\n\\u001b[2Jb |
    +---------------+"
  `);
});

test('a graph too big to follow is listed, every node once', () => {
  const big = dag(200, (index) => [Math.floor(index / 3), index - 1]);
  const lines = drawText(big, { width: 60, ascii: false }).split('\n');
  expect(lines).toHaveLength(200);
  expect(lines.at(-1)).toBe('s199 ← s66, s198');
});

const anyGraph = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .map((needs) => dag(needs.length, (index) => (needs[index] ?? []).map((need) => need % Math.max(1, index))));

test('any graph is drawn within its width', () => {
  fc.assert(
    fc.property(anyGraph, fc.integer({ min: 60, max: 120 }), fc.boolean(), (graph, width, ascii) => {
      const drawing = drawText(graph, { width, ascii });
      expect(widest(drawing)).toBeLessThanOrEqual(width);
      for (const node of graph.nodes) expect(drawing).toMatch(new RegExp(`${node}(?!\\d)`));
    }),
    { numRuns: 200 },
  );
});

test('following the lines of a drawing finds exactly the edges of the graph', () => {
  fc.assert(
    fc.property(anyGraph, (graph) => {
      const drawing = drawText(graph, { width: 120, ascii: false });
      if (!drawing.includes('┌')) return;
      expect(followLines(drawing)).toEqual(graph.edges.map(([from, to]) => `${from}>${to}`).sort());
    }),
    { numRuns: 300 },
  );
});

/** Reads the edges back from a drawing, as a person would: only downwards or sideways, straight on at a `─│─`. */
function followLines(drawing: string): string[] {
  const grid = drawing.split('\n').map((line) => Array.from(line));
  const at = (row: number, column: number): string => grid[row]?.[column] ?? ' ';
  const labels = new Map<string, string>();
  for (const [row, line] of drawing.split('\n').entries()) {
    for (const match of line.matchAll(/│ +(s\d+) +│/g)) {
      for (let offset = 0; offset < match[0].length; offset += 1) {
        labels.set(`${String(row - 1)} ${String(match.index + offset)}`, match[1] ?? '');
        labels.set(`${String(row + 1)} ${String(match.index + offset)}`, match[1] ?? '');
      }
    }
  }
  const sides: Record<string, string> = {
    '│': 'ud',
    '─': 'lr',
    '┘': 'ul',
    '┐': 'dl',
    '┤': 'udl',
    '└': 'ur',
    '┌': 'dr',
    '├': 'udr',
    '┴': 'ulr',
    '┬': 'dlr',
    '┼': 'udlr',
    '▼': 'ud',
  };
  const step: Record<string, readonly [number, number, string]> = {
    u: [-1, 0, 'd'],
    d: [1, 0, 'u'],
    l: [0, -1, 'r'],
    r: [0, 1, 'l'],
  };
  const edges = new Set<string>();
  for (const [key, from] of labels) {
    const [row = 0, column = 0] = key.split(' ').map(Number);
    if (at(row, column) !== '┬' || labels.get(`${String(row + 2)} ${String(column)}`) === from) continue;
    const seen = new Set<string>();
    const todo: (readonly [number, number, string])[] = [[row + 1, column, 'u']];
    for (const [r, c, entered] of todo) {
      const visit = `${String(r)} ${String(c)} ${entered}`;
      if (seen.has(visit)) continue;
      seen.add(visit);
      const glyph = sides[at(r, c)] ?? '';
      const arrived = at(r, c) === '▼' ? labels.get(`${String(r + 1)} ${String(c)}`) : undefined;
      if (arrived !== undefined) {
        edges.add(`${from}>${arrived}`);
        continue;
      }
      const passes = !glyph.includes(entered);
      const exits = passes
        ? [{ l: 'r', r: 'l', u: 'd', d: 'u' }[entered] ?? '']
        : Array.from(glyph).filter((side) => side !== entered && side !== 'u');
      for (const exit of exits) {
        const [dr, dc, back] = step[exit] ?? [0, 0, ''];
        todo.push([r + dr, c + dc, back]);
      }
    }
  }
  return [...edges].sort();
}

function dag(count: number, needsOf: (index: number) => number[]): Picture {
  const nodes = Array.from({ length: count }, (_, index) => `s${String(index)}`);
  const edges = nodes.flatMap((node, index) =>
    [...new Set(needsOf(index))]
      .filter((need) => need >= 0 && need < index)
      .map((need) => [nodes[need] ?? '', node] as const),
  );
  return { nodes, edges };
}

function widest(drawing: string): number {
  return Math.max(...drawing.split('\n').map(displayWidth));
}
