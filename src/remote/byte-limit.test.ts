import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteLimit, eachAtOnce } from './byte-limit.ts';
import { GroupProgress } from './group-progress.ts';

test('no more tasks and bytes than allowed are held at once, and all tasks end', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(150)),
      fc.integer({ min: 1, max: 5 }),
      fc.scheduler(),
      async (sizes, tasks, scheduler) => {
        const limit = byteLimit({ tasks, bytes: 100 });
        let [running, held] = [0, 0];
        const work = sizes.map((bytes) =>
          limit(bytes, async () => {
            running += 1;
            held += bytes;
            expect(running).toBeLessThanOrEqual(tasks);
            if (running > 1) expect(held).toBeLessThanOrEqual(100);
            await scheduler.schedule(Promise.resolve());
            running -= 1;
            held -= bytes;
          }),
        );
        await scheduler.waitFor(Promise.all(work));
        expect(running).toBe(0);
      },
    ),
  );
});

test('after a failure nothing new begins, and it is told when all that ran has ended', async () => {
  const done: number[] = [];
  const working = eachAtOnce([1, 2, 3, 4, 5, 6], 2, async (item) => {
    if (item === 2) throw new Error('two');
    await new Promise(setImmediate);
    done.push(item);
  });
  await expect(working).rejects.toThrow('two');
  expect(done).toEqual([1]);
});

test('groups are finished in order, each when its units and those of all before are done', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 12 }), fc.func(fc.nat()), async (units, order) => {
      const left = [0, 0, 0, 0, 0];
      const finished: number[] = [];
      const progress = new GroupProgress(
        [0, 1, 2, 3, 4],
        (group) => {
          for (let before = 0; before <= group; before += 1) expect(left[before]).toBe(0);
          finished.push(group);
          return Promise.resolve();
        },
        () => true,
      );
      for (const group of units) {
        progress.expect(group);
        left[group]! += 1;
      }
      progress.finishReady();
      const shuffled = units.map((group, at) => ({ group, at: order(at) })).sort((a, b) => a.at - b.at);
      for (const { group } of shuffled) {
        await Promise.resolve();
        left[group]! -= 1;
        progress.done(group);
      }
      await progress.end();
      expect(finished).toEqual([0, 1, 2, 3, 4]);
    }),
  );
});
