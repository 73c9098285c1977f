/**
 * The pipeline that `repro` is measured on: independent stages, each of which depends on a file of its own and makes one
 * file. All tools get the same commands.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** The numbers of the stages. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

/** What stage N runs. */
export function commandOf(number: number): string {
  return `echo ${number} > out${number}.txt`;
}

/** The pipeline as both `dvc.yaml` and `pipeline.yaml` have it. */
export function pipelineText(count: number): string {
  const stages = numbers(count).map((number) => {
    return `  s${number}:\n    cmd: ${commandOf(number)}\n    deps:\n      - in${number}.txt\n    outs:\n      - out${number}.txt\n`;
  });
  return `stages:\n${stages.join('')}`;
}

/** Writes the file that each stage depends on. */
export function writeInputs(folder: string, count: number): void {
  for (const number of numbers(count)) writeFileSync(join(folder, `in${number}.txt`), `input ${number}\n`);
}

/** Writes what each stage makes, for a tool that is not to run them. */
export function writeOuts(folder: string, count: number): void {
  for (const number of numbers(count)) writeFileSync(join(folder, `out${number}.txt`), `${number}\n`);
}

/**
 * Checks that each stage made what it should.
 * @throws {Error} that names the first out that is missing or wrong
 */
export function verifyOuts(folder: string, count: number): void {
  for (const number of numbers(count)) {
    const text = readFileSync(join(folder, `out${number}.txt`), 'utf8');
    if (text !== `${number}\n`) throw new Error(`out${number}.txt holds ${JSON.stringify(text)}`);
  }
}

/**
 * Checks that a lock file (`pipeline.lock`, `dvc.lock`) records each stage, with a digest of what it read and made.
 * @throws {Error} that says what is missing
 */
export function verifyLock(path: string, count: number): void {
  const { stages } = parse(readFileSync(path, 'utf8')) as { stages: Record<string, LockedStage | undefined> };
  const found = Object.keys(stages).length;
  if (found !== count) throw new Error(`${path} records ${found} of ${count} stages`);
  for (const number of numbers(count)) {
    const stage = stages[`s${number}`];
    const whole = stage?.cmd === commandOf(number) && isLocked(stage.deps, 'in') && isLocked(stage.outs, 'out');
    if (!whole) throw new Error(`${path} does not record all of stage s${number}`);
  }

  function isLocked(files: readonly LockedFile[] | undefined, kind: string): boolean {
    const [file, ...more] = files ?? [];
    const digest = file?.digest ?? file?.md5 ?? '';
    return more.length === 0 && file?.path.startsWith(kind) === true && /^(?:b3:)?[0-9a-f]{32,64}$/.test(digest);
  }
}

/** One text that changes when an out, or one of the named files, is written again, even with the same bytes. */
export function writeState(folder: string, count: number, files: readonly string[]): string {
  const outs = numbers(count).map((number) => `out${number}.txt`);
  const states = [...outs, ...files].map((name) => {
    const { ino, mtimeNs, size } = statSync(join(folder, name), { bigint: true });
    return `${name} ${ino} ${mtimeNs} ${size}`;
  });
  return states.join('\n');
}

interface LockedStage {
  readonly cmd: string;
  readonly deps?: readonly LockedFile[];
  readonly outs?: readonly LockedFile[];
}

interface LockedFile {
  readonly path: string;
  readonly digest?: string;
  readonly md5?: string;
}
