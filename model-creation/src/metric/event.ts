/** A run of neighbouring rows of one series, both ends included. */
export interface Event {
  readonly series: string;
  readonly first: number;
  readonly last: number;
}

/** Which row of which series an entry is about. Entries of a series come in row order. */
export interface RowIndex {
  readonly series: readonly string[];
  readonly row: ArrayLike<number>;
}

/** How a detector's alarms meet the labelled events. */
export interface EventCounts {
  readonly events: number;
  /** Labelled events with at least one flagged row. */
  readonly found: number;
  /** Runs of flagged rows that touch no labelled row. */
  readonly falseEvents: number;
  /** Rows from an event's first to its first flagged row, for each event found. */
  readonly delays: readonly number[];
}

/** Runs of marked entries; a gap in the rows or another series ends a run. */
export function eventsOf({ series, row }: RowIndex, marks: ArrayLike<number>): Event[] {
  const events: Event[] = [];
  let open: { series: string; first: number; last: number } | undefined;
  for (const [at, id] of series.entries()) {
    const here = row[at] ?? 0;
    if (marks[at] !== 1) {
      open = undefined;
    } else if (open?.series === id && open.last + 1 === here) {
      open.last = here;
    } else {
      events.push((open = { series: id, first: here, last: here }));
    }
  }
  return events;
}

/** Compares labelled events with runs of flagged rows (`flags`, 0 or 1). No point adjustment: rows stay rows. */
export function compareEvents(index: RowIndex, labels: ArrayLike<number>, flags: ArrayLike<number>): EventCounts {
  const labelled = eventsOf(index, labels);
  const flagged = eventsOf(index, flags);
  const delays = labelled.flatMap((event) => {
    const hit = flagged.find((alarm) => overlaps(alarm, event));
    return hit === undefined ? [] : [Math.max(0, hit.first - event.first)];
  });
  const falseEvents = flagged.filter((alarm) => !labelled.some((event) => overlaps(alarm, event))).length;
  return { events: labelled.length, found: delays.length, falseEvents, delays };
}

function overlaps(left: Event, right: Event): boolean {
  return left.series === right.series && left.first <= right.last && right.first <= left.last;
}
