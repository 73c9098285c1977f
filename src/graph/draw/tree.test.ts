import { expect, test } from 'vitest';
import { drawTree } from './tree.ts';

const picture = {
  nodes: ['prepare', 'train', 'evaluate', 'publish', 'report'],
  edges: [
    ['prepare', 'train'],
    ['prepare', 'evaluate'],
    ['train', 'evaluate'],
    ['train', 'publish'],
    ['evaluate', 'publish'],
    ['prepare', 'report'],
  ] as const,
};

test('each node stands once, below what it needs, with its other needs beside it', () => {
  expect(drawTree(picture, { width: 60, ascii: false }).join('\n')).toMatchInlineSnapshot(`
    "prepare
    ├─ train
    │  └─ evaluate (also needs prepare)
    │     └─ publish (also needs train)
    └─ report"
  `);
});

test('what does not fit is counted', () => {
  const wide = { nodes: ['a', 'b', 'c', 'd', 'e'], edges: ['a', 'b', 'c', 'd'].map((each) => [each, 'e'] as const) };
  expect(drawTree(wide, { width: 24, ascii: true }).at(-1)).toMatchInlineSnapshot(`"\`- e (also needs 3)"`);
});

test('a long chain is a flat list', () => {
  const nodes = Array.from({ length: 50 }, (_, index) => `s${String(index)}`);
  const edges = nodes.slice(1).map((node, index) => [nodes[index] ?? '', node] as const);
  const lines = drawTree({ nodes, edges }, { width: 60, ascii: true });
  expect(lines.slice(0, 3)).toEqual(['s0', 's1 <- s0', 's2 <- s1']);
});

test('nodes that need each other in a circle are listed too', () => {
  const circle = {
    nodes: ['a', 'b', 'c'],
    edges: [
      ['a', 'b'],
      ['b', 'c'],
      ['c', 'b'],
    ] as const,
  };
  expect(drawTree(circle, { width: 60, ascii: true })).toEqual(['a', 'b <- a, c', 'c <- b']);
});
