import type { Place } from '../store/place/place.ts';

/** The time of a place, without asking it each time: milliseconds since 1970. */
export async function placeClock(place: Place): Promise<() => number> {
  const [started, zero] = [await place.now(), performance.now()];
  return () => Math.round(started + performance.now() - zero);
}

/** A moment by two clocks of this machine: one stops while it sleeps, the other may be set. */
export type Moment = readonly [steady: number, wall: number];

/** Now. */
export function moment(): Moment {
  return [performance.now(), Date.now()];
}

/** Milliseconds since a moment, by whichever clock says more. */
export function elapsed([steady, wall]: Moment): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}
