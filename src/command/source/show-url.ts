import { posix } from 'node:path';
import { loadBlake3 } from '../../kit/blake3.ts';
import { rawOfDigest } from '../../kit/digest.ts';
import { PipeError } from '../../problem/problem.ts';
import { reach } from '../../remote/reach.ts';
import type { Remote } from '../../remote/remote.ts';
import { looseKey, packKey } from '../../remote/remote-layout.ts';
import { clean, plural } from '../../report/words.ts';
import { withRepository } from '../../source/open-repository.ts';
import type { Found } from '../../source/source-tree.ts';
import { lookUpSource, readSourceTree } from '../../source/source-tree.ts';
import type { Entry } from '../../store/tree.ts';
import type { Outcome } from '../command.ts';
import type { AcquireOptions, SourceRequest } from './acquire.ts';
import { nothingThere, repositoryOptions } from './acquire.ts';
import { withSourceData } from './source-data.ts';

/** Where the bytes of an object lie in a remote. */
interface Lying {
  readonly key: string;
  /** Of a pack, which holds others, too. */
  readonly range: { readonly offset: number; readonly length: number } | null;
}

/**
 * Says where the remote of another repository has a file, or the list of a folder. Downloads lists alone.
 * @throws {PipeError} PIPE_SOURCE_MISSING for what Git keeps, and for what the remote does not have
 */
export async function showUrl(
  request: SourceRequest,
  how: Pick<AcquireOptions, 'context' | 'global' | 'options'>,
): Promise<Outcome> {
  const { path } = request;
  const { found, tree, name, commit, folder } = await withRepository(
    repositoryOptions(request, how),
    async (repository) => {
      const tree = await readSourceTree(repository);
      const { name, commit, folder } = repository;
      return { found: lookUpSource(tree, path), tree, name, commit, folder };
    },
  );
  if (found === undefined) throw nothingThere(path, { name, commit, tree });
  if (found.kind !== 'tracked') throw notTracked(path, found, name);
  const { root, below } = found;
  const source = { ...how, blake3: await loadBlake3(), name, folder, configs: tree.configs };
  return withSourceData(root, source, async ({ remote, lists }) => {
    const { entry } = await reach(lists, root.entry, below);
    if (entry === undefined) throw nothingThere(path, { name, commit, tree });
    const opened = await remote();
    const lying = await findObject(opened, entry);
    if (lying === undefined) throw absent(posix.join(root.path, below), opened.place.name);
    return describe(entry, { ...lying, url: `${opened.place.name}/${lying.key}`, commit });
  });
}

async function findObject(remote: Remote, { digest, ...entry }: Entry): Promise<Lying | undefined> {
  const { rows } = await remote.look();
  const packed = rows.find(rawOfDigest(digest));
  const pack = packed && rows.packs[packed.pack];
  if (packed !== undefined && pack !== undefined) {
    return { key: packKey(pack.name), range: { offset: packed.offset, length: packed.length } };
  }
  const key = looseKey(digest);
  const stat = await remote.place.stat(key);
  // One of another size is cut off.
  const isWhole = stat !== undefined && (entry.kind === 'dir' || stat.size === entry.size);
  return isWhole ? { key, range: null } : undefined;
}

function describe(
  entry: Entry,
  { url, key, range, commit }: Lying & { readonly url: string; commit: string },
): Outcome {
  const { kind, digest, size } = entry;
  const files = entry.kind === 'dir' ? { files: entry.files } : {};
  const notes = [
    ...(range === null
      ? []
      : [`It lies in this pack, with others: ${String(range.length)} bytes from byte ${String(range.offset)} on.`]),
    ...(entry.kind === 'dir'
      ? [
          `What lies there lists a folder of ${plural(entry.files, 'file')}: name one of these to see where its bytes lie.`,
        ]
      : []),
  ];
  return {
    text: [clean(url), ...notes].join('\n'),
    json: { schema: 'pipe.get-show-url/1', commit, url: clean(url), key, range, kind, digest, size, ...files },
  };
}

function notTracked(path: string, found: Exclude<Found, { kind: 'tracked' }>, name: string): PipeError {
  const [first] = found.kind === 'folder' ? found.roots : [];
  const message = first === undefined ? `${path} is kept by Git in ${name}: no remote has it` : `${path} is no folder that ${name} tracks as a whole`; // prettier-ignore
  const hint = first === undefined ? 'get it without --show-url' : `name what is tracked in it: ${first.path}`;
  return new PipeError({ code: 'PIPE_SOURCE_MISSING', message, hint });
}

function absent(path: string, place: string): PipeError {
  const hint = 'run `pipe push` where the data are';
  return new PipeError({ code: 'PIPE_SOURCE_MISSING', message: `${place} does not have ${path}`, hint });
}
