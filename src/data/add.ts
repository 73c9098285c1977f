import { fingerprintPath } from '../fingerprint/file.ts';
import { pointerConflicts } from '../graph/pointer-conflicts.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Stage } from '../pipeline/model.ts';
import { PipeError } from '../problem/problem.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import type { WrittenPointer } from '../project/write-pointer.ts';
import { writePointer } from '../project/write-pointer.ts';
import type { Engine } from '../run/engine.ts';
import { storeSink } from '../run/sink.ts';
import { lockEntry } from '../lockfile/entry.ts';
import { relink } from '../store/relink.ts';
import { isInside } from '../store/restore.ts';
import type { Entry } from '../store/tree.ts';
import type { DataOptions } from './workspace.ts';
import { absoluteOf, claimed } from './workspace.ts';

export interface AddOptions extends DataOptions {
  /** Only write the pointer; the bytes stay where they are. */
  readonly noCommit?: boolean;
  /** Leave the files in the workspace as they are, instead of linking them to the store. */
  readonly noRelink?: boolean;
}

/** What became of one path. */
export interface Added {
  readonly path: string;
  readonly entry: Entry;
  readonly pointer: WrittenPointer;
}

/** What is tracked already, so that nothing is tracked twice. */
export interface Known {
  readonly stages: readonly Stage[];
  readonly pointers: readonly TrackedPath[];
}

/**
 * Tracks files and folders: stores their bytes, writes their pointers, and keeps them out of Git. The pointer comes
 * last, so that what it says is in the store.
 * @param paths posix, relative to the project root
 * @returns what was added, and the absolute paths of the files that Git should know of
 * @throws {PipeError} PIPE_POINTER_CONFLICT and PIPE_OUT_OVERLAP, before anything is stored; PIPE_DEP_MISSING for a path
 * where nothing lies
 */
export async function add(
  engine: Engine,
  paths: readonly string[],
  { known, ...options }: AddOptions & { readonly known: Known },
): Promise<{ added: Added[]; written: string[] }> {
  refuseConflicts(paths, known);
  return claimed(engine, { writes: paths, signal: options.signal, name: 'add' }, async () => {
    const entries = await store(engine, paths, options);
    const added: Added[] = [];
    const files: string[] = [];
    for (const [path, entry] of entries) {
      const pointer = writePointer(engine.project, path, entry);
      if (pointer.done !== 'unchanged') files.push(absoluteOf(engine.project, pointer.file));
      added.push({ path, entry, pointer });
    }
    if (options.noCommit !== true && options.noRelink !== true) await relinkAll(engine, entries, options);
    const ignored = ensureIgnored(
      engine.project,
      paths.map((path) => absoluteOf(engine.project, path)),
    );
    return { added, written: [...files, ...ignored] };
  });
}

function refuseConflicts(paths: readonly string[], { stages, pointers }: Known): void {
  const others = pointers.filter(({ path }) => !paths.includes(path));
  const planned = paths.map((path): TrackedPath => {
    const file = pointerFileOf(path);
    const known = pointers.find((each) => each.path === path);
    const entry: Entry = { kind: 'file', digest: '' as Entry['digest'], size: 0 };
    const at = { source: { file }, offset: 0, length: 0 };
    return known ?? { file, path, entry, pointer: { out: lockEntry(path, entry) }, at };
  });
  const problems = pointerConflicts([...others, ...planned], stages);
  if (problems.length > 0) throw new PipeError(problems);
}

async function store(
  engine: Engine,
  paths: readonly string[],
  { noCommit, signal, onProgress }: AddOptions,
): Promise<Map<string, Entry>> {
  const writer = noCommit === true ? undefined : engine.store.writer();
  const how = {
    follow: false,
    signal,
    ...(writer === undefined ? {} : { sink: storeSink(writer, signal) }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  const entries = new Map<string, Entry>();
  try {
    for (const path of paths) {
      const entry = await fingerprintPath(path, how, engine.fingerprint);
      if (entry === undefined) throw nothingThere(path);
      entries.set(path, entry);
    }
    await writer?.finish();
    return entries;
  } finally {
    writer?.discard();
    // What was read need not be read again, whatever came of it.
    engine.index.save();
  }
}

function nothingThere(path: string): PipeError {
  return new PipeError({ code: 'PIPE_DEP_MISSING', message: `${path} does not exist`, hint: 'check the spelling' });
}

/** Where files are to be links (`cache.type`), those that were stored are. */
async function relinkAll(
  engine: Engine,
  entries: ReadonlyMap<string, Entry>,
  { links, signal }: DataOptions,
): Promise<void> {
  const { index, now, project, store } = engine;
  for (const [path, entry] of entries) {
    const target = absoluteOf(project, path);
    // A symbolic link may lead out of the project: what lies there is read, never written.
    if (isInside(target, project.root))
      await relink(store, entry, { target, memory: { index, path, now }, links, signal });
  }
  index.save();
}
