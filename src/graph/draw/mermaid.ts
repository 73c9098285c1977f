import { printable } from '../../kit/width.ts';
import type { Picture } from './picture.ts';

/** The picture as a Mermaid flowchart. Names are only labels; the ids are our own, so any name is safe. */
export function drawMermaid(picture: Picture): string {
  const idOf = new Map(picture.nodes.map((node, index) => [node, `node${String(index + 1)}`]));
  return [
    'flowchart TD',
    ...picture.nodes.map((node) => `\t${idOf.get(node) ?? ''}["${escapeLabel(node)}"]`),
    ...picture.edges.map(([from, to]) => `\t${idOf.get(from) ?? ''}-->${idOf.get(to) ?? ''}`),
  ].join('\n');
}

/** The same as a block of a Markdown file. */
export function drawMermaidMarkdown(picture: Picture): string {
  return `\`\`\`mermaid\n${drawMermaid(picture)}\n\`\`\``;
}

/**
 * Quotes, markup and Mermaid's own Markdown become entity codes (`#35;`, decimal: mermaid.js.org/syntax/flowchart.html,
 * "Entity codes to escape characters").
 */
function escapeLabel(name: string): string {
  return printable(name).replace(/["#&<>`\\]/g, (char) => `#${String(char.charCodeAt(0))};`);
}
