import fc from 'fast-check';
import { expect, test } from 'vitest';
import { proofOf, readChallenge } from './http-digest.ts';

/** The examples of RFC 7616, 3.9.1. */
const REALM = 'Digest realm="http-auth@example.org", qop="auth, auth-int"';
const MORE =
  'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const [MD5, SHA256] = [`${REALM}, algorithm=MD5, ${MORE}`, `${REALM}, algorithm=SHA-256, ${MORE}`];
const asked = {
  method: 'GET',
  uri: '/dir/index.html',
  count: 1,
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};

function proof(header: string, password = 'Circle of Life'): string | undefined {
  const challenge = readChallenge(header);
  return challenge && proofOf({ user: 'Mufasa', password }, challenge, asked);
}

test('the examples of the standard come out', () => {
  expect(proof(MD5)).toContain('response="8ca523f5e9506fed4657c9700eebdbec"');
  expect(proof(MD5)).toBe(
    'Digest username="Mufasa", realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
      'uri="/dir/index.html", response="8ca523f5e9506fed4657c9700eebdbec", ' +
      'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", algorithm=MD5, qop=auth, nc=00000001, ' +
      'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
  );
  expect(proof(SHA256)).toContain('response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"');
});

test('the strongest of several is taken, wherever it stands, and what is not known is left out', () => {
  for (const header of [`${SHA256}, ${MD5}`, `${MD5}, ${SHA256}`, `Basic realm="x", ${MD5}, ${SHA256}, Negotiate`]) {
    expect(readChallenge(header)).toMatchObject({ hash: 'sha256', realm: 'http-auth@example.org', isCounted: true });
  }
  expect(readChallenge(`${MD5.replace('=MD5', '=SHA-512-256')}, ${MD5}`)).toMatchObject({ hash: 'md5' });
  expect(readChallenge(MD5.replace('auth, ', ''))).toBeUndefined();
  expect(readChallenge('Basic realm="x"')).toBeUndefined();
  expect(readChallenge(undefined)).toBeUndefined();
});

test('an old server gets a proof that is not counted', () => {
  const old = proof('Digest realm="r", nonce="n"');
  expect(old).not.toMatch(/qop|nc=|cnonce|algorithm/);
  expect(old).toMatch(/response="[0-9a-f]{32}"$/);
});

test('any header is read without a fault', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void readChallenge(text)));
  const words = fc.constantFrom('Digest', 'realm', 'nonce', '=', '"', ',', ' ', '\\', 'qop=auth', 'algorithm=MD5');
  fc.assert(fc.property(fc.array(words), (all) => void readChallenge(all.join(''))));
});
