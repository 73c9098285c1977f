import { expect, test } from 'vitest';
import { isAbort } from '../../kit/abort.ts';
import { pauseOf, retrying } from './retry.ts';

const most = (): number => 1;
const failure = new Error('not now');
const fails = (): Promise<never> => Promise.reject(failure);

test('each pause may be twice as long as the one before, and none is longer than 10 seconds', () => {
  const pauses = Array.from({ length: 9 }, (_, tries) => pauseOf({ pauseMs: 100, random: most }, tries));
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
  expect(pauseOf({ pauseMs: 60_000, random: most }, 0)).toBe(10_000);
  expect(pauseOf({ pauseMs: 100, random: most }, 5000)).toBe(10_000);
});

test('a pause is any time up to the longest one, so that many do not come at once', () => {
  for (const share of [0, 0.25, 0.5]) {
    expect(pauseOf({ pauseMs: 100, random: () => share }, 3)).toBe(share * 800);
    expect(pauseOf({ pauseMs: 100, random: () => share }, 30)).toBe(share * 10_000);
  }
  // With equal shares, none of 200 falls into one of the quarters less than once in 10^24 times.
  const pauses = Array.from({ length: 200 }, () => pauseOf({ pauseMs: 100 }, 1));
  const quarters = new Set(pauses.map((pause) => Math.floor(pause / 50)));
  expect([...quarters].sort()).toEqual([0, 1, 2, 3]);
});

test('it waits before each further try, longer each time', async () => {
  const at: number[] = [];
  const work = (tries: number): Promise<never> => {
    expect(tries).toBe(at.length);
    at.push(performance.now());
    return fails();
  };
  const rule = { pauseMs: 40, random: most, signal: undefined, again: (_: unknown, tries: number) => tries < 4 };
  await expect(retrying(rule, work)).rejects.toBe(failure);
  const waited = at.slice(1).map((time, index) => time - at[index]!);
  expect(waited).toHaveLength(3);
  // Timers may be a millisecond early.
  for (const [index, least] of [40, 80, 160].entries()) expect(waited[index]).toBeGreaterThan(least - 2);
});

test('who asks to stop does not wait for the end of a pause', async () => {
  const stop = new AbortController();
  const rule = { pauseMs: 10_000, random: most, signal: stop.signal, again: () => true };
  const waiting = retrying(rule, () => {
    setTimeout(() => {
      stop.abort('SIGINT');
    }, 10);
    return fails();
  });
  await expect(waiting).rejects.toSatisfy(isAbort);
}, 5_000);
