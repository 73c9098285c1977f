import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Blake3 } from '../../kit/blake3.ts';
import type { Digest } from '../../kit/digest.ts';
import { digestOfRaw } from '../../kit/digest.ts';
import { removeTree } from '../../kit/remove-tree.ts';
import type { Told } from '../../lockfile/pointer-import.ts';
import { PipeError } from '../../problem/problem.ts';
import { push } from '../../remote/push.ts';
import type { Remote } from '../../remote/remote.ts';
import { freshFolder } from '../../store/edit-tree.ts';
import { storeLayout } from '../../store/layout.ts';
import { ObjectStore } from '../../store/object-store.ts';
import type { Entry } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import { transferProgress } from '../share/progress.ts';
import { storeFolder } from './acquire.ts';
import type { UrlData } from './acquire-url.ts';
import { downloadTo, toldOfFolder } from './acquire-url.ts';

interface Sending {
  readonly remote: Remote;
  readonly blake3: Blake3;
  readonly context: Context;
  readonly global: GlobalOptions;
  /** A folder for what is on its way, absolute; made and removed. */
  readonly temporary: string;
}

/**
 * Sends what a URL leads to to a remote. On this disk lies only what is on its way: a file, or of a folder of a bucket a
 * batch of files, until the remote has it.
 * @returns what it is, and what the place told of it
 */
export async function sendToRemote(
  data: UrlData,
  how: Sending,
): Promise<{ readonly entry: Entry; readonly told: Told }> {
  const { temporary } = how;
  const folder = join(temporary, 'data');
  try {
    mkdirSync(temporary, { recursive: true });
    if (data.path !== undefined) return await sendLocal(data.path, data, how);
    if (data.inBatches === undefined) {
      const told = await downloadTo(data, folder, how);
      return { entry: await sendFile(folder, how), told };
    }
    const found: { readonly path: string; readonly entry: Entry }[] = [];
    const told = await data.inBatches(folder, async (files) => {
      found.push(...(await sendFiles(files, how)));
    });
    const [first] = found;
    const entry = first?.path === '' ? first.entry : await sendTrees(found, how);
    return { entry, told };
  } finally {
    removeTree(temporary);
  }
}

/** What lies on this machine is hashed as it is taken in: of a folder that says whether it has changed later. */
async function sendLocal(path: string, data: UrlData, how: Sending): Promise<{ entry: Entry; told: Told }> {
  const isFolder = statSync(path).isDirectory();
  const before = isFolder ? undefined : await data.tell();
  const entry = await sendFile(path, how);
  if (before === undefined) return { entry, told: toldOfFolder(entry) };
  if (JSON.stringify(await data.tell()) === JSON.stringify(before)) return { entry, told: before };
  const message = `${data.name} changed while it was read`;
  throw new PipeError({ code: 'PIPE_URL_FAILED', message, hint: 'run the command again' });
}

/** A store that holds only what is on its way. */
function passingStore({ blake3, temporary }: Sending): ObjectStore {
  return new ObjectStore(storeLayout(join(temporary, 'store')), blake3, () => undefined);
}

async function sendFile(path: string, how: Sending): Promise<Entry> {
  const [sent] = await sendFiles([{ path: '', file: path }], how);
  if (sent === undefined) throw new Error('one file was sent');
  return sent.entry;
}

async function sendFiles(
  files: readonly { readonly path: string; readonly file: string }[],
  how: Sending,
): Promise<{ path: string; entry: Entry }[]> {
  const store = passingStore(how);
  const sent: { path: string; entry: Entry }[] = [];
  for (const { path, file } of files) sent.push({ path, entry: await storeFolder({ ...how, store }, file) });
  await sendAll(store, sent, how);
  return sent;
}

/** Lists of a folder, when all of its files are there: it is looked whether they are. */
async function sendTrees(
  edits: readonly { readonly path: string; readonly entry: Entry }[],
  how: Sending,
): Promise<Entry> {
  const store = passingStore(how);
  const trees = new Map<Digest, Buffer>();
  const put = (text: string): Digest => {
    const bytes = Buffer.from(text);
    const digest = digestOfRaw(how.blake3.raw(bytes));
    trees.set(digest, bytes);
    return digest;
  };
  const entry = freshFolder({ put }, edits);
  for (const bytes of trees.values()) await store.put(bytes);
  await sendAll(store, [{ path: '', entry }], how);
  return entry;
}

async function sendAll(
  store: ObjectStore,
  roots: readonly { readonly path: string; readonly entry: Entry }[],
  { remote, context, global }: Sending,
): Promise<void> {
  const progress = transferProgress(context, global, `sending to ${remote.place.name}`);
  try {
    const { missing } = await push(remote, store, {
      roots,
      records: [],
      logs: [],
      dry: false,
      verify: false,
      onProgress: progress.onProgress,
    });
    const [first] = missing;
    if (first !== undefined) {
      const message = `${remote.place.name} does not have ${first.path === '' ? 'what was sent' : first.path} any more`;
      throw new PipeError({ code: 'PIPE_REMOTE_FAILED', message, hint: 'run the command again' });
    }
  } finally {
    progress.end();
    const { root } = store.layout;
    if (statSync(root, { throwIfNoEntry: false }) !== undefined) removeTree(root);
  }
}
