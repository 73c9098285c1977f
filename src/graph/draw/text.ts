import { displayWidth, padEnd } from '../../kit/width.ts';
import { drawBoxes } from './boxes.ts';
import type { DrawOptions, Picture } from './picture.ts';
import { components } from './picture.ts';
import { drawTree, isCyclic } from './tree.ts';

/** Bigger pictures are listed: nobody follows lines through that many boxes. */
const MOST_BOXES = 120;
/** So are those whose lines take far more room than the boxes: a chain of boxes takes four rows each. */
const TALLEST_PER_BOX = 5;
const TALLEST_BESIDE = 20;
const BETWEEN = 3;

/** A picture for a terminal: boxes where they fit, a compact list of everything where they do not. */
export function drawText(picture: Picture, options: DrawOptions): string {
  if (picture.nodes.length <= MOST_BOXES && !isCyclic(picture)) {
    const parts = components(picture).map((part) => drawBoxes(part, options));
    const drawn = parts.filter((part) => part !== undefined);
    const lines = shelve(drawn, options.width);
    const isLegible = lines.length <= TALLEST_PER_BOX * picture.nodes.length + TALLEST_BESIDE;
    if (drawn.length === parts.length && isLegible) return lines.join('\n');
  }
  return drawTree(picture, options).join('\n');
}

/** Puts drawings side by side, in order, as long as the width lasts; then below. */
function shelve(drawings: readonly (readonly string[])[], width: number): string[] {
  const lines: string[] = [];
  let shelf: string[] = [];
  for (const drawing of drawings) {
    const taken = widest(shelf);
    if (taken > 0 && taken + BETWEEN + widest(drawing) > width) {
      lines.push(...shelf);
      shelf = [];
    }
    shelf = shelf.length === 0 ? [...drawing] : beside(shelf, drawing);
  }
  return [...lines, ...shelf];
}

function beside(left: readonly string[], right: readonly string[]): string[] {
  const column = widest(left) + BETWEEN;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, row) =>
    row < right.length ? padEnd(left[row] ?? '', column) + (right[row] ?? '') : (left[row] ?? ''),
  );
}

function widest(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(displayWidth));
}
