import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSignerKey, newSigningKey, readSigner, signerOfRecord } from './record-signature.ts';

const mine = newSigningKey();
const other = newSigningKey();

/** A signed record with further fields. */
function signed(fields: Readonly<Record<string, unknown>>, { pem, signer } = mine): string {
  const all = { schema: 'pipe.run/1', key: 'b3:1', ...fields, signer };
  return JSON.stringify({ ...all, signature: readSigner(pem)?.sign(all) });
}

describe('a signed record', () => {
  test('names its signer, whatever the order of its fields', () => {
    const text = signed({ outs: [{ path: 'a', size: 1 }] });
    expect(signerOfRecord(text)).toBe(mine.signer);
    const turned = Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse());
    expect(signerOfRecord(JSON.stringify(turned, null, 2))).toBe(mine.signer);
  });

  test('names nobody once anything in it is changed', () => {
    const json = fc.jsonValue({ depthSize: 'small' });
    const fields = fc.dictionary(
      fc.string().filter((name) => !['signer', 'signature', '__proto__'].includes(name)),
      json,
    );
    fc.assert(
      fc.property(fields, fc.string({ minLength: 1 }), json, (before, name, value) => {
        const text = signed(before);
        expect(signerOfRecord(text)).toBe(mine.signer);
        const record = JSON.parse(text) as Record<string, unknown>;
        if (name === '__proto__' || JSON.stringify(record[name]) === JSON.stringify(value)) return;
        expect(signerOfRecord(JSON.stringify({ ...record, [name]: value }))).toBeUndefined();
      }),
      { verbose: true },
    );
  });

  test('names nobody with the signature of another record, of another signer, or none', () => {
    const [one, two] = [signed({ n: 1 }), signed({ n: 2 })].map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(signerOfRecord(JSON.stringify({ ...one, signature: two?.['signature'] }))).toBeUndefined();
    expect(signerOfRecord(JSON.stringify({ ...one, signer: other.signer }))).toBeUndefined();
    for (const signature of [undefined, null, '', 'AAAA', `${String(one?.['signature'])} `, 1]) {
      expect(signerOfRecord(JSON.stringify({ ...one, signature }))).toBeUndefined();
    }
    for (const text of ['', 'null', '[]', '1', '{}', '{"signature":"x"}']) expect(signerOfRecord(text)).toBeUndefined();
  });
});

test('a private key is read as PEM, as base64 of that, and as the base64 in it', () => {
  const body = mine.pem.replaceAll(/-----[A-Z ]+-----|\n/g, '');
  for (const text of [mine.pem, `${mine.pem}\n`, body, Buffer.from(mine.pem).toString('base64')]) {
    expect(readSigner(text)?.signer).toBe(mine.signer);
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  for (const text of ['', 'x', mine.signer, rsa.toString()]) expect(readSigner(text)).toBeUndefined();
});

test('a public key is written in one way', () => {
  expect(isSignerKey(mine.signer)).toBe(true);
  for (const text of ['', 'ed25519:', 'ed25519:AAAA', mine.signer.slice(8), `${mine.signer}=`, ` ${mine.signer}`]) {
    expect(isSignerKey(text)).toBe(false);
  }
});

test('values nested as deep as a stranger likes are no signed record, and break nothing', () => {
  const { signer } = mine;
  const signature = Buffer.alloc(64).toString('base64');
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const deep = `${open.repeat(20_000)}0${close.repeat(20_000)}`;
    expect(signerOfRecord(`{"x":${deep},"signer":"${signer}","signature":"${signature}"}`)).toBeUndefined();
  }
});
