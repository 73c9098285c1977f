import { TEMPORARY_PREFIX } from '../../kit/temporary.ts';

/** Where a folder keeps what is being written: no key begins with it. */
export const UNFINISHED = `${TEMPORARY_PREFIX}place`;

/** Control characters come back changed from some servers, and halves of surrogate pairs are no text. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNUSABLE = /[\u0000-\u001f\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Whether a text is the key of an object: a plain posix path below a root that leads nowhere else. */
export function isKey(key: string): boolean {
  if (UNUSABLE.test(key)) return false;
  const parts = key.split('/');
  return parts[0] !== UNFINISHED && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Whether a key may begin with a text. Servers refuse to look for others. */
export function isPrefix(prefix: string): boolean {
  return prefix === '' || isKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** @throws {Error} when a text is no key: a mistake of the caller, since keys are made of digests and names of ours */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new Error(`not the key of an object: ${JSON.stringify(key)}`);
}

/** In order of UTF-8 bytes, which is that of code points: a surrogate pair comes after every other character. */
export function byKey(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return Number(isSurrogate(left)) - Number(isSurrogate(right)) || left - right;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
