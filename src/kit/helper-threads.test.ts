import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ThreadEnded, startThreads } from './helper-threads.ts';

let folder: string;
let program: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-threads-'));
  program = join(folder, 'thread.mjs');
  writeFileSync(
    program,
    `import { parentPort, workerData } from 'node:worker_threads';
    Atomics.store(workerData, 0, 1);
    parentPort.on('message', ({ id, job, input }) => {
      if (job === 'exit') process.exit(3);
      if (job === 'throw') throw new Error('out of everything');
      if (job === 'echo') parentPort.postMessage({ id, output: input });
    });`,
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  ['exit', 'it exited with 3'],
  ['throw', 'out of everything'],
])('where a thread ends (%s), its jobs fail and say so, and so do later ones', async (job, why) => {
  const threads = startThreads(2, program);
  expect(await threads.run(0, 'echo', 1)).toBe(1);
  const jobs = [threads.run(0, job, undefined), threads.run(0, 'echo', 2)];
  for (const each of jobs) {
    await expect(each).rejects.toThrow(ThreadEnded);
    await expect(each).rejects.toMatchObject({ problems: [{ code: 'PIPE_SYSTEM', message: expect.stringContaining(why) }] }); // prettier-ignore
  }
  await expect(threads.run(0, 'echo', 3)).rejects.toThrow(ThreadEnded);
  expect([threads.isWhole(), threads.isRunning()]).toEqual([false, false]);
});

test('a thread that has ended is left out of what any may do', async () => {
  const threads = startThreads(2, program);
  await expect(threads.run(0, 'exit', undefined)).rejects.toThrow(ThreadEnded);
  const numbers = [1, 2, 3, 4];
  expect(await Promise.all(numbers.map((each) => threads.runAnywhere('echo', each)))).toEqual(numbers);
});
