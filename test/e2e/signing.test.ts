import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { describe, expect } from 'vitest';
import { loadBlake3 } from '../../src/kit/blake3.ts';
import type { Rig } from '../rig/rig.ts';
import { test } from '../rig/test.ts';
import { expectProblems } from './faults/problem.ts';
import type { Machine } from './share/project.ts';
import { cloneProject, commitAll, remoteFiles, startProject, succeed } from './share/project.ts';
import { proxiedMinio } from './share/proxied-minio.ts';
import { reproPull } from './share/pull-run.ts';
import type { Storage } from './share/storage.ts';
import { STORAGES, startStorage } from './share/storage.ts';

const started = proxiedMinio();

const STAGES = { make: { cmd: 'cp in out && test -z "$PIPE_SIGNING_KEY"', deps: ['in'], outs: ['out'] } };

/** A key in a file, and its public half. */
async function newKey(rig: Rig, name: string): Promise<{ file: string; signer: string }> {
  const file = rig.path(`../${name}.pem`);
  const { stdout } = await succeed(rig, ['key', 'new', file]);
  return { file, signer: /ed25519:\S+/.exec(stdout)?.[0] ?? '' };
}

/** A project that ran with a key, and was pushed; then another input, so that only the record of the first run knows it. */
async function startSigned(rig: Rig, kind: (typeof STORAGES)[number], key: string): Promise<Storage> {
  const files = { in: 'one\n', 'pipeline.yaml': { stages: STAGES } };
  const storage = await startStorage(rig, kind, { minio: started.minio, files });
  await commitAll(rig);
  expect((await rig.pipe(['repro', '-q'], { env: { PIPE_SIGNING_KEY: await readFile(key, 'utf8') } })).code).toBe(0);
  await commitAll(rig, 'ran');
  await succeed(rig, ['push'], { env: storage.env });
  return storage;
}

/** A clone that knows no lock, and so looks for records. */
async function withoutLock(rig: Rig, cloned: Promise<Machine>): Promise<Machine> {
  const clone = await cloned;
  await rig.remove(`${clone.cwd}/pipeline.lock`);
  return clone;
}

/** Changes the one record of a remote, and files it under its new name. */
async function forge(
  { place, content }: Storage,
  change: (record: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const blake3 = await loadBlake3();
  const keys = [...(await content()).keys()].filter((each) => each.startsWith('v1/runs/'));
  expect(keys).toHaveLength(1);
  const bytes = (await place.read(keys[0]!))!;
  const text = JSON.stringify(change(JSON.parse(bytes.toString()) as Record<string, unknown>));
  await place.remove(keys);
  await place.write(`${posix.dirname(keys[0]!)}/${blake3.hash(text).slice(3)}.json`, [Buffer.from(text)]);
}

describe.each(STORAGES)('in %s', (kind) => {
  test('records of trusted signers are restored, and all others are ignored with one notice', async ({ rig }) => {
    const [ci, other] = [await newKey(rig, 'ci'), await newKey(rig, 'other')];
    const storage = await startSigned(rig, kind, ci.file);
    const trusting = await withoutLock(rig, storage.clone('b'));
    await succeed(rig, ['config', 'signers.ci', ci.signer], trusting);
    expect((await reproPull(rig, ['--pull'], trusting)).ends['make']).toMatchObject({
      outcome: 'restored',
      from: 'storage',
    });

    const wary = await withoutLock(rig, storage.clone('c'));
    // What came before anybody was trusted does not count, either.
    await succeed(rig, ['fetch', '--run-cache'], wary);
    await succeed(rig, ['config', 'signers.other', other.signer], wary);
    const run = await rig.pipe(['repro', '--pull'], wary);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stdout.match(/a run record of a remote is ignored, since it is signed by ed25519:/g)).toHaveLength(1);
    expect(run.stdout).toMatch(/make: done/);
    expect((await rig.pipe(['repro', '-q'], wary)).code).toBe(0);
    await rig.remove('../c/out', '../c/pipeline.lock');
    expect((await rig.pipe(['repro'], wary)).stdout).toMatch(/make: restored/);
  });

  test('a forged record is refused: changed, with the signature of another one, or of somebody else', async ({
    rig,
  }) => {
    const ci = await newKey(rig, 'ci');
    const storage = await startSigned(rig, kind, ci.file);
    const evil = generateKeyPairSync('ed25519');
    const raw = evil.publicKey.export({ type: 'spki', format: 'der' }).subarray(12).toString('base64');
    let original: Record<string, unknown> | undefined;
    const forgeries: ((record: Record<string, unknown>) => Record<string, unknown>)[] = [
      (record) => ({ ...record, durationMs: 1 }),
      (record) => ({ ...record, signature: sign(null, Buffer.from('x'), evil.privateKey).toString('base64') }),
      (record) => ({
        ...record,
        signer: `ed25519:${raw}`,
        signature: sign(null, Buffer.from(createHash('sha256').digest()), evil.privateKey).toString('base64'),
      }),
      ({ signer: _signer, signature: _signature, ...record }) => record,
    ];
    for (const [at, change] of forgeries.entries()) {
      await forge(storage, (record) => {
        original ??= record;
        return change(original);
      });
      const clone = await withoutLock(rig, storage.clone(`f${at}`));
      await succeed(rig, ['config', 'signers.ci', ci.signer], clone);
      const run = await rig.pipe(['repro', '--pull'], clone);
      expect(run.stdout, run.stderr).toMatch(
        /a run record of a remote is ignored, since it is not signed, or not rightly/,
      );
      expect(run.stdout).toMatch(/make: done/);
    }
  });
});

test('the key may be one of OpenSSL, named in the configuration; what is no key is told before anything runs', async ({
  rig,
}) => {
  await rig.run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', rig.path('../key.pem')]);
  const told = await rig.run('sh', ['-c', 'echo "ed25519:$(openssl pkey -in ../key.pem -pubout -outform DER | tail -c 32 | base64)"']); // prettier-ignore
  await startProject(rig, { in: 'one\n', 'pipeline.yaml': { stages: STAGES } });
  await succeed(rig, ['config', '--local', 'signing.key', rig.path('../key.pem')]);
  await commitAll(rig);
  expect((await rig.pipe(['repro', '-q'])).code).toBe(0);
  await succeed(rig, ['push']);
  const [record] = [...(await remoteFiles(rig))].filter(([key]) => key.startsWith('v1/runs/'));
  expect(JSON.parse(record![1].toString())).toMatchObject({ signer: told.stdout.trim() });
  await rig.write({ in: 'two\n' });
  expectProblems(await rig.pipe(['repro'], { env: { PIPE_SIGNING_KEY: 'nonsense' } }), 'PIPE_SIGNING_KEY');
  expect(await rig.read('out')).toBe('one\n');
  expectProblems(await rig.pipe(['key', 'new', '../key.pem']), 'PIPE_SIGNING_KEY');
  await succeed(rig, ['config', 'signers.x', 'ed25519:nonsense']);
  const clone = await withoutLock(rig, cloneProject(rig, 'b'));
  await succeed(rig, ['config', 'signers.x', 'ed25519:nonsense'], clone);
  expectProblems(await rig.pipe(['repro', '--pull'], clone), 'PIPE_CONFIG_VALUE');
});
