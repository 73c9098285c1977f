import type { Place } from '../store/place/place.ts';

/** The time of a place, without asking it each time: milliseconds since 1970. */
export async function placeClock(place: Place): Promise<() => number> {
  const [started, zero] = [await place.now(), performance.now()];
  return () => Math.round(started + performance.now() - zero);
}
