import { displayWidth, printable, truncate } from '../../kit/width.ts';
import { Canvas } from './canvas.ts';
import type { Item } from './chain.ts';
import { cutLongEdges } from './chain.ts';
import { assignLayers } from './layer.ts';
import type { Net } from './net.ts';
import { groupLinks, portCounts } from './net.ts';
import { orderRows } from './order.ts';
import type { DrawOptions, Picture } from './picture.ts';
import { half, placeItems } from './place.ts';
import type { Span } from './port.ts';
import { assignPorts } from './port.ts';
import type { RoutedWire } from './track.ts';
import { assignTracks } from './track.ts';

/** Names longer than this are cut. */
const LONGEST_LABEL = 44;
/** How much narrower rows are tried before giving up. */
const SQUEEZES = [1, 0.8, 0.6, 0.4];

/**
 * A connected picture as boxes in rows, what is needed above what needs it:
 *
 *     ┌─────────┐
 *     │ prepare │
 *     └────┬────┘
 *          ▼
 *      ┌───────┐
 *      │ train │
 *      └───────┘
 *
 * @returns its lines; undefined when it does not fit into the width.
 */
export function drawBoxes(picture: Picture, options: DrawOptions): string[] | undefined {
  for (const squeeze of SQUEEZES) {
    const layout = layOut(picture, options, Math.floor(options.width * squeeze));
    if (layout.width <= options.width) return render(layout, options.ascii);
  }
  return undefined;
}

interface Layout {
  readonly rows: readonly (readonly Item[])[];
  readonly gaps: readonly (readonly RoutedWire[])[];
  readonly spanOf: (item: Item) => Span;
  readonly widthOf: (item: Item) => number;
  readonly labelOf: (node: string) => string;
  readonly width: number;
}

function layOut(picture: Picture, { width, ascii }: DrawOptions, rowWidth: number): Layout {
  const longest = Math.min(LONGEST_LABEL, width - 4);
  const labelOf = (node: string): string => truncate(printable(node), longest, ascii ? '...' : '…');
  const boxWidth = (node: string): number => displayWidth(labelOf(node)) + 4;
  const { rows, links } = cutLongEdges(picture.edges, assignLayers(picture, rowWidth, boxWidth));
  const nets = groupLinks(links);
  const ports = portCounts(nets);
  const widthOf = (item: Item): number =>
    item.node === undefined ? 1 : Math.max(boxWidth(item.node), 2 * (ports.get(item) ?? 0) + 3);
  const ordered = orderRows({ rows, links });
  const centres = placeItems({ rows: ordered, links, widthOf, width });
  const spanOf = (item: Item): Span => {
    const centre = centres.get(item) ?? 0;
    if (item.node === undefined) return { low: centre, high: centre + 1, centre };
    const low = centre - half(widthOf(item)) + 1;
    return { low, high: low + widthOf(item) - 3, centre };
  };
  const gaps = ordered.map((_, row) =>
    assignTracks(
      assignPorts(
        nets.filter((net: Net) => net.row === row),
        spanOf,
      ),
    ),
  );
  const right = Math.max(...ordered.flat().map((item) => spanOf(item).high + (item.node === undefined ? 1 : 2)));
  return { rows: ordered, gaps, spanOf, widthOf, labelOf, width: right };
}

function render(layout: Layout, ascii: boolean): string[] {
  const canvas = new Canvas(ascii);
  let top = 0;
  for (const [index, row] of layout.rows.entries()) {
    const arriving = index === 0 ? [] : (layout.gaps[index - 1] ?? []);
    for (const item of row) {
      if (item.node === undefined) drawBend({ canvas, top }, item, { layout, arriving });
      else drawBox({ canvas, top }, layout.labelOf(item.node), layout.spanOf(item));
    }
    top += 3;
    const wires = layout.gaps[index] ?? [];
    if (wires.length === 0) continue;
    const tracks = Math.max(0, ...wires.map((wire) => (wire.track ?? -1) + 1));
    for (const wire of wires) drawWire({ canvas, top }, tracks, wire);
    top += tracks + 1;
  }
  return canvas.lines();
}

/** Where a row of boxes, or the gap below it, begins. */
interface Pen {
  readonly canvas: Canvas;
  readonly top: number;
}

function drawBox({ canvas, top }: Pen, label: string, { low, high }: Span): void {
  const owner = {};
  const [left, right] = [low - 1, high + 1];
  canvas.horizontal(owner, { row: top, from: left, to: right });
  canvas.horizontal(owner, { row: top + 2, from: left, to: right });
  canvas.vertical(owner, { column: left, from: top + 0.5, to: top + 2.5 });
  canvas.vertical(owner, { column: right, from: top + 0.5, to: top + 2.5 });
  canvas.write(top + 1, left + 1 + Math.floor((right - left - 1 - displayWidth(label)) / 2), label);
}

/** A long edge passes a row of boxes; it may arrive one column beside its own. */
function drawBend({ canvas, top }: Pen, item: Item, { layout, arriving }: Bend): void {
  const { centre } = layout.spanOf(item);
  const column = arriving.flatMap((wire) => wire.bottoms).find((pin) => pin.item === item)?.column ?? centre;
  canvas.vertical(item, { column: column, from: top, to: top + 1.5 });
  canvas.horizontal(item, { row: top + 1, from: centre, to: column });
  canvas.vertical(item, { column: centre, from: top + 1.5, to: top + 3 });
}

interface Bend {
  readonly layout: Layout;
  readonly arriving: readonly RoutedWire[];
}

function drawWire({ canvas, top }: Pen, tracks: number, wire: RoutedWire): void {
  const end = top + tracks + 1;
  const turn = wire.track === undefined ? end : top + wire.track + 0.5;
  const columns = [...wire.tops, ...wire.bottoms].map((pin) => pin.column);
  for (const { item, column } of wire.tops) {
    canvas.vertical(wire, { column: column, from: top, to: turn });
    if (item.node !== undefined) canvas.tap(top - 1, column);
  }
  if (wire.track !== undefined)
    canvas.horizontal(wire, { row: top + wire.track, from: Math.min(...columns), to: Math.max(...columns) });
  for (const { item, column } of wire.bottoms) {
    canvas.vertical(wire, { column: column, from: wire.track === undefined ? end : turn, to: end });
    if (item.node !== undefined) canvas.arrow(end - 1, column);
  }
}
