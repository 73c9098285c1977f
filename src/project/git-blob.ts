import { PipeError } from '../problem/problem.ts';
import type { GitCommand } from './git-command.ts';
import { gitOutput } from './git-command.ts';

/** Locks, params and metrics are texts; anything larger is not one of them. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Beyond this many paths the whole tree is listed, since a command line has an end. */
const MAX_ARGS = 200;

/**
 * Reads files at a commit by two Git processes, however many there are: one lists their ids, which unlike names can be
 * asked for line by line, the other hands over the bytes.
 * @returns path → bytes; paths that are not there or no plain files are left out
 * @throws {PipeError} PIPE_FILE_TOO_BIG for a file beyond 64 MiB.
 */
export async function readBlobs(
  command: GitCommand,
  commit: string,
  paths: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  const ids = await blobIds(command, commit, paths);
  if (ids.size === 0) return new Map();
  const unique = [...new Set(ids.values())];
  const output = await gitOutput(command, ['cat-file', '--batch'], `${unique.join('\n')}\n`);
  const blobs = splitBatch(output);
  return new Map(
    [...ids].flatMap(([path, id]) => {
      const bytes = blobs.get(id);
      return bytes === undefined ? [] : [[path, bytes] as const];
    }),
  );
}

async function blobIds(command: GitCommand, commit: string, paths: readonly string[]): Promise<Map<string, string>> {
  const wanted = new Set(paths.filter((path) => path !== ''));
  if (wanted.size === 0) return new Map();
  const only = wanted.size > MAX_ARGS ? [] : wanted;
  const output = await gitOutput(command, [
    ...['--literal-pathspecs', 'ls-tree', '-r', '-z', '--long', commit, '--'],
    ...only,
  ]);
  const ids = new Map<string, string>();
  for (const line of output.toString('utf8').split('\0')) {
    // <mode> <type> <id> <size, padded>\t<path>
    const tab = line.indexOf('\t');
    const path = line.slice(tab + 1);
    const [mode, type, id, size] = line.slice(0, tab).split(/ +/);
    if (type !== 'blob' || mode === '120000' || id === undefined || !wanted.has(path)) continue;
    if (Number(size) > MAX_BYTES) {
      const message = `${path} is larger than 64 MiB at ${commit.slice(0, 12)}`;
      throw new PipeError({ code: 'PIPE_FILE_TOO_BIG', message });
    }
    ids.set(path, id);
  }
  return ids;
}

/** `git cat-file --batch` prints `<id> <type> <size>`, a line end, the bytes and a line end for each object. */
function splitBatch(output: Buffer): Map<string, Buffer> {
  const blobs = new Map<string, Buffer>();
  for (let at = 0; at < output.length;) {
    const end = output.indexOf(0x0a, at);
    const [id = '', type, size] = output.subarray(at, end).toString('latin1').split(' ');
    at = end + 1;
    if (type !== 'blob') continue; // `<id> missing`: a partial clone that is cut off
    blobs.set(id, output.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return blobs;
}
