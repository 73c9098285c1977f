/** The program of a helper thread (kit/helper-threads.ts): does the jobs that it is sent, one after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { lookAhead } from '../fingerprint/look-ahead.ts';
import { readFiles } from '../fingerprint/read-files.ts';
import { loadBlake3ForSmall } from '../kit/blake3.ts';
import { checkFrames } from '../store/check-frames.ts';
import { writeFiles } from '../store/write-files.ts';

const blake3 = loadBlake3ForSmall();

blake3.then(
  () => Atomics.store(workerData as Int32Array, 0, 1),
  () => undefined, // each job tells
);

const JOBS = {
  'check-frames': checkFrames,
  'look-ahead': lookAhead,
  'read-files': readFiles,
  'write-files': writeFiles,
} as const;

interface Job {
  readonly id: number;
  readonly job: keyof typeof JOBS;
  readonly input: never;
}

parentPort?.on('message', ({ id, job, input }: Job) => {
  blake3
    .then((hash) => JOBS[job](input, hash))
    .then(
      (output) => {
        parentPort?.postMessage({ id, output }, transferables(output));
      },
      (error: unknown) => {
        parentPort?.postMessage({ id, error });
      },
    );
});

/** What is handed over instead of being copied. */
function transferables(output: object): ArrayBuffer[] {
  return Object.values(output).flatMap((value: unknown) =>
    ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer ? [value.buffer] : [],
  );
}
