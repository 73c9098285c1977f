import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { byCodeUnit } from '../kit/order.ts';
import { parseJson } from '../kit/parse-json.ts';

/**
 * Signatures of run records (docs/formats.md, "Signature"): ed25519 over the canonical JSON of everything else that the
 * record says.
 */

/** A key that records are signed with. */
export interface RecordSigner {
  /** The public key, `ed25519:` and base64: who signed. */
  readonly signer: string;
  /** Signs the fields of a record, `signer` among them. */
  readonly sign: (fields: Readonly<Record<string, unknown>>) => string;
}

/** What is signed begins with this, so that no signature made for anything else fits. */
const DOMAIN = 'pipe.run-signature/1\n';

const PREFIX = 'ed25519:';

/** The ASN.1 around the 32 bytes of a public key (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** A signer of a private key in PEM, in base64 of that, or in the base64 that stands in it; `undefined` for anything else. */
export function readSigner(text: string): RecordSigner | undefined {
  const key = privateKey(text.trim());
  return key?.asymmetricKeyType === 'ed25519' ? signerOf(key) : undefined;
}

/** A new key: PEM for its owner, and the public key for everybody. */
export function newSigningKey(): { readonly pem: string; readonly signer: string } {
  const { privateKey: key } = generateKeyPairSync('ed25519');
  return { pem: key.export({ type: 'pkcs8', format: 'pem' }).toString(), signer: signerOf(key).signer };
}

/** Whether a text is a public key as configuration and records have it. */
export function isSignerKey(text: string): boolean {
  return publicKey(text) !== undefined;
}

/** Values nested deeper in a record than this are not looked at: none of ours has more than four levels. */
const DEEPEST = 64;

/**
 * Who signed a record; `undefined` when nobody did, or the signature does not fit. Anybody may have written it.
 */
export function signerOfRecord(text: string): string | undefined {
  const { signature, ...fields } = (parseJson(text) ?? {}) as Readonly<Record<string, unknown>>;
  const { signer } = fields;
  if (typeof signer !== 'string' || typeof signature !== 'string') return undefined;
  const key = publicKey(signer);
  const bytes = fromBase64(signature, SIGNATURE_BYTES);
  if (key === undefined || bytes === undefined || isDeep(fields)) return undefined;
  return verify(null, signedBytes(fields), key, bytes) ? signer : undefined;
}

/** Level by level: the stack is as deep as what a stranger wrote, else. */
function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each): unknown[] => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}

function signerOf(key: KeyObject): RecordSigner {
  const raw = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(SPKI.length);
  return {
    signer: `${PREFIX}${raw.toString('base64')}`,
    sign: (fields) => sign(null, signedBytes(fields), key).toString('base64'),
  };
}

function signedBytes(fields: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(DOMAIN + canonicalJson(fields));
}

/** RFC 8785: JSON without white space, keys sorted by code unit, numbers and texts as JavaScript writes them. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, each]) => each !== undefined);
  pairs.sort(([a], [b]) => byCodeUnit(a, b));
  return `{${pairs.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}

function privateKey(text: string): KeyObject | undefined {
  try {
    if (text.startsWith('-----BEGIN')) return createPrivateKey(text);
    const key = Buffer.from(text, 'base64');
    // Of the file, or of what stands in it.
    if (key.toString('latin1').startsWith('-----BEGIN')) return createPrivateKey(key);
    return createPrivateKey({ key, type: 'pkcs8', format: 'der' });
  } catch {
    return undefined;
  }
}

function publicKey(text: string): KeyObject | undefined {
  const raw = text.startsWith(PREFIX) ? fromBase64(text.slice(PREFIX.length), KEY_BYTES) : undefined;
  if (raw === undefined) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI, raw]), type: 'spki', format: 'der' });
  } catch {
    return undefined;
  }
}

/** Bytes in base64, written in the one way that there is. */
function fromBase64(text: string, length: number): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length && bytes.toString('base64') === text ? bytes : undefined;
}
