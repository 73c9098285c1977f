import { join } from 'node:path';
import type { Digest } from '../../kit/digest.ts';
import { digestOfRaw, rawOfDigest } from '../../kit/digest.ts';
import type { StoreLayout } from '../../store/layout.ts';
import { hexOf } from '../../store/layout.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { readFileIfThere } from '../../store/store-file.ts';
import { ObjectSet } from '../object-set.ts';
import type { PushRoot } from '../push.ts';
import { push } from '../push.ts';
import { isLargeRight } from '../receive-large.ts';
import type { Remote } from '../remote.ts';
import { packKey, runOfKey } from '../remote-layout.ts';
import type { CheckedRemote } from './check-remote.ts';
import { findLeftovers, removeLeftovers } from './leftovers.ts';
import type { RemoteUpkeep } from './remote-upkeep.ts';
import { beginRemoteUpkeep } from './remote-upkeep.ts';
import { LARGEST_RUN } from './read-runs.ts';
import { rebuildPacks, setAside } from './repair-tables.ts';
import { rewriteTables } from './rewrite-tables.ts';

export interface HealOptions {
  /** What came out when it was checked. */
  readonly checked: CheckedRemote;
  /** What is to be in the remote: it is sent where it is at hand. */
  readonly roots: readonly PushRoot[];
  /** What else may be sent, if the remote holds wrong bytes of it. */
  readonly mayGo: ObjectSet;
  readonly graceMs: number;
}

/** What could not be put in order. */
export interface HealedRemote {
  /** Keys of damaged files that stay, since a push relies on them. */
  readonly inUse: ReadonlySet<string>;
  /** Keys of packs of which it is not known whether everything was saved: they were set aside. */
  readonly unsure: ReadonlySet<string>;
}

/**
 * Puts a remote in order after it was checked: what is damaged or missing is sent from here, where it is at hand and may
 * go there; packs are written anew without their wrong bytes; what cannot be healed is set aside, so that it counts as
 * absent, and the next push of who has it sends it.
 */
export async function healRemote(remote: Remote, store: ObjectStore, options: HealOptions): Promise<HealedRemote> {
  const { checked } = options;
  // What is not right is nothing that a push that has ended relies on.
  const upkeep = await beginRemoteUpkeep(remote, { graceMs: 0 });
  const [inUse, unsure] = [new Set<string>(), new Set<string>()];
  try {
    const rebuilt = await rebuildPacks(remote, { catalog: checked.catalog, upkeep });
    for (const name of rebuilt.inUse) inUse.add(packKey(name));
    for (const { name, unknown } of rebuilt.packs) if (unknown > 0) unsure.add(packKey(name));
    await upkeep.condemn([]);
    await sendRight(remote, store, { ...options, upkeep });
    for (const key of await takeOutWrong(remote, upkeep, { store, checked })) inUse.add(key);
    if (checked.damagedPacks.length + checked.damagedTables.length > 0) await rewriteTables(remote);
    await removeLeftovers(remote, await findLeftovers(remote, { graceMs: options.graceMs }));
  } finally {
    await upkeep.end();
  }
  return { inUse, unsure };
}

/** Sends what is to be there, and right bytes of what is damaged. Packs with wrong bytes are replaced on the way. */
async function sendRight(
  remote: Remote,
  store: ObjectStore,
  {
    checked: { damagedPacks, damagedLoose, right },
    roots,
    mayGo,
    upkeep,
  }: HealOptions & { readonly upkeep: RemoteUpkeep },
): Promise<void> {
  const wrong = new ObjectSet();
  const note = (digest: Digest, size: number | undefined): void => {
    const raw = rawOfDigest(digest);
    if (!right.has(raw)) wrong.add(raw, 0, { size });
  };
  for (const pack of damagedPacks) for (const digest of pack.wrong) note(digest, undefined);
  for (const { digest, size } of damagedLoose) note(digest, size);
  const packs = new Set(damagedPacks.flatMap(({ name, number }) => (number === undefined ? [] : [name])));
  const others: PushRoot[] = [];
  wrong.each((bytes, at) => {
    const known = mayGo.find(bytes, at);
    const digest = digestOfRaw(bytes.subarray(at, at + 32));
    // Nothing else leaves this machine, whatever somebody has made the remote claim to hold.
    if (known === undefined || !store.hasRaw(bytes, at)) return;
    others.push({ entry: { kind: 'file', digest, size: known.size ?? sizeHere(store, digest) }, path: '' });
  });
  await push(remote, store, {
    roots: [...roots, ...others],
    records: [],
    logs: [],
    dry: false,
    verify: { wrong, packs },
    upkeep,
  });
}

function sizeHere(store: ObjectStore, digest: Digest): number {
  return store.read(digest)?.length ?? 0;
}

/**
 * Sets aside what is wrong still. It is read once more when nobody can write it any more without waiting: somebody may have
 * healed it since it was checked.
 * @returns the keys of damaged files that stay
 */
async function takeOutWrong(
  remote: Remote,
  upkeep: RemoteUpkeep,
  { store, checked }: { readonly store: ObjectStore; readonly checked: CheckedRemote },
): Promise<string[]> {
  const { place } = remote;
  const checks = new Map<string, () => Promise<boolean>>();
  for (const { entry, isRight } of checked.runs) {
    if (isRight) continue;
    const { key } = entry;
    const bytes = runHere(store.layout, key, remote);
    if (bytes !== undefined) await place.write(key, [bytes]);
    else checks.set(key, () => isRunRight(remote, key));
  }
  for (const { key, digest } of checked.damagedLoose) checks.set(key, () => isLooseRight(remote, { key, digest }));
  const free = await upkeep.condemn([...checks.keys()]);
  for (const key of free) {
    if ((await checks.get(key)?.()) === true) continue;
    await upkeep.remove([key], () => setAside(remote, key));
  }
  const gone = new Set(free);
  return [...checks.keys()].filter((key) => !gone.has(key));
}

/** Whether what lies there is right, or nothing. */
async function isLooseRight(
  remote: Remote,
  { key, digest }: { readonly key: string; readonly digest: Digest },
): Promise<boolean> {
  const now = await remote.place.stat(key);
  if (now === undefined) return true;
  const object = { digest: rawOfDigest(digest), size: now.size, key, offset: 0 };
  return isLargeRight(remote, object, () => undefined);
}

async function isRunRight({ place, blake3 }: Remote, key: string): Promise<boolean> {
  const bytes = await place.read(key, { offset: 0, length: LARGEST_RUN + 1 });
  return bytes === undefined || blake3.hash(bytes) === runOfKey(key)?.record;
}

/** The right bytes of a record, where the local store has them. */
function runHere(layout: StoreLayout, key: string, { blake3 }: Pick<Remote, 'blake3'>): Buffer | undefined {
  const run = runOfKey(key);
  if (run === undefined) return undefined;
  const bytes = readFileIfThere(join(layout.runs(run.key), `${hexOf(run.record)}.json`));
  return bytes !== undefined && blake3.hash(bytes) === run.record ? bytes : undefined;
}
