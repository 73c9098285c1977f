import { createWriteStream, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PipeError } from '../problem/problem.ts';
import { gitOutput, streamGit } from '../project/git-command.ts';
import { openGitObjects } from '../project/git-objects.ts';
import { isSafeName } from '../store/tree.ts';
import type { GitFile } from './source-tree.ts';
import type { Repository } from './repository.ts';

/**
 * Writes files that Git keeps into a folder that is empty and ours.
 * @param files with the paths (posix, below the folder) that they get
 * @throws {PipeError} PIPE_NAME_UNSAFE for names that could do harm; PIPE_GIT
 */
export async function writeGitFiles(
  repository: Repository,
  folder: string,
  files: readonly { readonly file: GitFile; readonly to: string }[],
): Promise<void> {
  await repository.bring(files.map(({ file }) => file.id));
  const large: Written[] = [];
  const objects = await openGitObjects(repository.command);
  try {
    for (const { file, to } of files) {
      if (!to.split('/').every(isSafeName)) throw unsafe(repository, file);
      const written = { file, target: join(folder, to) };
      mkdirSync(dirname(written.target), { recursive: true });
      objects.ask(file.id, (object) => {
        if (object === undefined) throw lost(repository, file);
        if (object.bytes === undefined) large.push(written);
        else if (file.kind === 'link') symlinkSync(object.bytes, written.target);
        else writeFileSync(written.target, object.bytes, { flag: 'wx', mode: MODES[file.kind] });
      });
    }
    await objects.answered();
  } finally {
    await objects.close();
  }
  for (const each of large) await writeLarge(repository, each);
}

interface Written {
  readonly file: GitFile;
  /** Absolute. */
  readonly target: string;
}

const MODES = { file: 0o666, exec: 0o777, link: 0o666 } as const;

/** One that is too large to be held. */
async function writeLarge({ command }: Repository, { file, target }: Written): Promise<void> {
  const stream = await streamGit(command, ['cat-file', 'blob', file.id]);
  stream.stdin.on('error', () => undefined);
  stream.stdin.end();
  const to = createWriteStream(target, { flags: 'wx', mode: MODES[file.kind] });
  await Promise.all([stream.done, pipeline(stream.stdout, to)]);
}

function unsafe({ name }: Repository, { path }: GitFile): PipeError {
  const message = `${name} holds a file whose name cannot be stored: ${JSON.stringify(path)}`;
  return new PipeError({ code: 'PIPE_NAME_UNSAFE', message });
}

function lost({ name }: Repository, { path }: GitFile): PipeError {
  return new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `${name} has lost ${JSON.stringify(path)}` });
}

/** The sizes of files that Git keeps, by the ids of their contents. */
export async function gitSizes(repository: Repository, files: readonly GitFile[]): Promise<Map<string, number>> {
  const ids = [...new Set(files.map(({ id }) => id))];
  if (ids.length === 0) return new Map();
  await repository.bring(ids);
  const format = '--batch-check=%(objectname) %(objectsize)';
  const output = await gitOutput(repository.command, ['cat-file', format, '--buffer'], `${ids.join('\n')}\n`);
  return new Map(
    output
      .toString('latin1')
      .split('\n')
      .flatMap((line): [string, number][] => {
        const [id = '', size] = line.split(' ');
        return /^\d+$/.test(size ?? '') ? [[id, Number(size)]] : [];
      }),
  );
}
