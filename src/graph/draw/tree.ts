import { displayWidth, printable, truncate } from '../../kit/width.ts';
import type { DrawOptions, Picture } from './picture.ts';
import { predecessors, successors } from './picture.ts';

/**
 * A picture as a list: each node once, below one of the nodes it needs, with the others it needs beside it. Takes one
 * line per node whatever the shape of the graph.
 *
 *     prepare
 *     ├─ train
 *     └─ evaluate (also needs train)
 *
 * Where that would lead too far to the right, each line names a node and all it needs.
 */
export function drawTree(picture: Picture, options: DrawOptions): string[] {
  return drawIndented(picture, options) ?? drawFlat(picture, options);
}

/** Whether some nodes need each other in a circle, as groups of stages may. */
export function isCyclic(picture: Picture): boolean {
  return chooseParents(picture).size < picture.nodes.length;
}

function drawIndented(picture: Picture, options: DrawOptions): string[] | undefined {
  const parentOf = chooseParents(picture);
  if (parentOf.size < picture.nodes.length) return undefined;
  const children = new Map<string | undefined, string[]>();
  for (const [node, parent] of parentOf) {
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [node]);
    else known.push(node);
  }
  const above = predecessors(picture);
  const bars = options.ascii
    ? { branch: '|- ', last: '`- ', pass: '|  ', mark: '...' }
    : { branch: '├─ ', last: '└─ ', pass: '│  ', mark: '…' };
  const lines: string[] = [];
  const todo = (children.get(undefined) ?? []).map((node) => ({ node, lead: '', next: '' })).reverse();
  for (let item = todo.pop(); item !== undefined; item = todo.pop()) {
    const { node, lead, next } = item;
    if (displayWidth(lead) > options.width / 2) return undefined;
    const others = (above.get(node) ?? []).filter((each) => each !== parentOf.get(node));
    const start = `${lead}${printable(node)}`;
    const also = listed(others, options.width - displayWidth(start), [' (also needs ', ')']);
    lines.push(truncate(start + also, options.width, bars.mark));
    const below = children.get(node) ?? [];
    for (const [index, child] of [...below.entries()].reverse()) {
      const last = index === below.length - 1;
      todo.push({
        node: child,
        lead: next + (last ? bars.last : bars.branch),
        next: next + (last ? '   ' : bars.pass),
      });
    }
  }
  return lines;
}

/** Each node's parent is the one of its needs that was placed last, so that the others stand above it. */
function chooseParents(picture: Picture): Map<string, string | undefined> {
  const above = predecessors(picture);
  const below = successors(picture);
  const waits = new Map([...above].map(([node, needs]) => [node, needs.length]));
  const parentOf = new Map<string, string | undefined>();
  const roots = picture.nodes.filter((node) => waits.get(node) === 0);
  for (const node of roots) parentOf.set(node, undefined);
  const todo = roots.reverse();
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    for (const child of below.get(node) ?? []) {
      const left = (waits.get(child) ?? 0) - 1;
      waits.set(child, left);
      if (left > 0) continue;
      parentOf.set(child, node);
      todo.push(child);
    }
  }
  return parentOf;
}

function drawFlat(picture: Picture, options: DrawOptions): string[] {
  const above = predecessors(picture);
  const mark = options.ascii ? '...' : '…';
  return [...new Set([...chooseParents(picture).keys(), ...picture.nodes])].map((node) => {
    const name = printable(node);
    const needs = listed(above.get(node) ?? [], options.width - displayWidth(name), [
      options.ascii ? ' <- ' : ' ← ',
      '',
    ]);
    return truncate(name + needs, options.width, mark);
  });
}

/** Names between two texts, as many as the room allows, the rest as a number; nothing for none. */
function listed(names: readonly string[], room: number, [before, after]: readonly [string, string]): string {
  if (names.length === 0) return '';
  const shownNames = names.map(printable);
  for (let shown = names.length; shown > 0; shown -= 1) {
    const rest = names.length - shown;
    const more = rest === 0 ? '' : ` and ${String(rest)} more`;
    const text = `${before}${shownNames.slice(0, shown).join(', ')}${more}${after}`;
    if (displayWidth(text) <= room) return text;
  }
  return `${before}${String(names.length)}${after}`;
}
