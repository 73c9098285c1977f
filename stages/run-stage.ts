import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { ModelError } from '../model-creation/src/model-error.ts';
import { Options } from '../model-creation/src/options.ts';
import { lineProgress } from '../model-creation/src/progress.ts';
import type { Progress } from '../model-creation/src/progress.ts';

/** What every stage script is given. */
export interface StageContext {
  /** The project's folder: stages run from there. */
  readonly root: string;
  /** `params.yaml`. */
  readonly params: Options;
  readonly progress: Progress;
  /** A path under the root. */
  readonly at: (...parts: readonly string[]) => string;
}

/** Runs a stage's work. A mistake that its user can mend is printed as one line; anything else keeps its stack. */
export async function runStage(work: (context: StageContext) => Promise<void>): Promise<void> {
  const root = process.cwd();
  try {
    const params: unknown = parse(await readFile(path.join(root, 'params.yaml'), 'utf8'));
    const progress = lineProgress((line) => process.stdout.write(line), process.env);
    await work({
      root,
      params: new Options(params, 'params.yaml'),
      progress,
      at: (...parts) => path.join(root, ...parts),
    });
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
