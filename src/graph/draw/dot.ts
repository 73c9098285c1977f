import { printable } from '../../kit/width.ts';
import type { Picture } from './picture.ts';

/** The picture in Graphviz's language. Any name is safe: it stands in a quoted string (graphviz.org/doc/info/lang.html). */
export function drawDot(picture: Picture): string {
  return [
    'digraph {',
    ...picture.nodes.map((node) => `${quote(node)};`),
    ...picture.edges.map(([from, to]) => `${quote(from)} -> ${quote(to)};`),
    '}',
  ].join('\n');
}

/** In a quoted string only `"` ends it; a backslash begins an escape of the label, so it is doubled. */
function quote(name: string): string {
  return `"${printable(name.replaceAll('\\', '\\\\')).replaceAll('"', '\\"')}"`;
}
