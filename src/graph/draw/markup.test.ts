import { expect, test } from 'vitest';
import { drawDot } from './dot.ts';
import { drawMermaid, drawMermaidMarkdown } from './mermaid.ts';

const odd = {
  nodes: ['train@fr', 'say "hi" \\ <b>#1</b>', 'two\nlines'],
  edges: [['train@fr', 'say "hi" \\ <b>#1</b>']] as const,
};

test('dot quotes every name', () => {
  expect(drawDot(odd)).toMatchInlineSnapshot(`
    "digraph {
    "train@fr";
    "say \\"hi\\" \\\\ <b>#1</b>";
    "two\\nlines";
    "train@fr" -> "say \\"hi\\" \\\\ <b>#1</b>";
    }"
  `);
});

test('Mermaid shows every name as a label and none as syntax', () => {
  expect(drawMermaid(odd)).toMatchInlineSnapshot(`
    "flowchart TD
    	node1["train@fr"]
    	node2["say #34;hi#34; #92; #60;b#62;#35;1#60;/b#62;"]
    	node3["two#92;nlines"]
    	node1-->node2"
  `);
});

test('Mermaid in Markdown is a fenced block', () => {
  expect(drawMermaidMarkdown({ nodes: ['a'], edges: [] })).toBe('```mermaid\nflowchart TD\n\tnode1["a"]\n```');
});
