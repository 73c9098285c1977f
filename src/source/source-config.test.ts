import { expect, test } from 'vitest';
import { endpointOrigin, isAmazon } from './endpoint.ts';
import { sourceConfig } from './source-config.ts';

const THEIRS = { label: 'theirs', text: 'core: {remote: r}\nremote:\n  r:\n    url: s3://b/p\n    profile: work\n    credentialpath: /etc/passwd\n    endpointurl: http://HOST:9000\n' }; // prettier-ignore

function config(text: string, more: { readonly own?: string; readonly known?: readonly string[] } = {}) {
  const own = more.own === undefined ? undefined : { label: 'own', text: more.own };
  return sourceConfig({ theirs: { ...THEIRS, text }, own, known: new Set(more.known), env: { KEY: 'key' } });
}

test('of a stranger’s configuration only addresses count', () => {
  const { remote, get } = config(THEIRS.text);
  expect([get('core.remote'), remote('r', 'url')]).toEqual(['r', 's3://b/p']);
  expect([remote('r', 'profile'), remote('r', 'credentialpath')]).toEqual([undefined, undefined]);
});

test('a server that only the stranger names is given no credentials', () => {
  expect(config(THEIRS.text).remote('r', 'allow_anonymous_login')).toBe(true);
  const lax = `${THEIRS.text}    allow_anonymous_login: false\n`;
  expect(config(lax).remote('r', 'allow_anonymous_login')).toBe(true);
  expect(config(lax, { known: ['https://host:9000'] }).remote('r', 'allow_anonymous_login')).toBe(true);
});

test('one that the user has set up, too, is given them', () => {
  expect(config(THEIRS.text, { known: ['http://host:9000'] }).remote('r', 'allow_anonymous_login')).toBe(false);
  const own = 'remote: {r: {access_key_id: "${KEY}"}}';
  expect(config(THEIRS.text, { own }).remote('r', 'allow_anonymous_login')).toBe(false);
  expect(config(THEIRS.text, { own }).remote('r', 'access_key_id')).toBe('key');
  const amazon = 'remote: {r: {url: s3://b, use_ssl: false}}';
  expect(config(amazon).remote('r', 'allow_anonymous_login')).toBe(false);
  expect(config(amazon).remote('r', 'use_ssl')).toBe(true);
});

test('a stranger’s placeholder is refused, the user’s own is not', () => {
  expect(() => config('core: {remote: "${KEY}"}').get('core.remote')).toThrow(/PIPE_REMOTE_URL/);
  expect(config('core: {remote: "${KEY}"}', { own: 'core: {remote: "${KEY}"}' }).get('core.remote')).toBe('key');
});

test.each([
  ['https://s3.amazonaws.com', true],
  ['https://s3.eu-central-1.amazonaws.com/', true],
  ['https://s3.dualstack.eu-west-1.amazonaws.com', true],
  ['http://s3.amazonaws.com', false],
  ['https://ec2-1-2-3-4.compute.amazonaws.com', false],
  ['https://s3.evil.amazonaws.com.example.org', false],
  ['https://x.s3.evil.amazonaws.com', false],
])('whether %s is Amazon: %s', (endpoint, isIt) => {
  expect(isAmazon(endpointOrigin(endpoint, true) ?? '')).toBe(isIt);
});

test('an address without a scheme is what use_ssl makes of it', () => {
  expect(endpointOrigin('Host:9000', false)).toBe('http://host:9000');
  expect(endpointOrigin('host', true)).toBe('https://host');
  expect(endpointOrigin('ftp://host', true)).toBeUndefined();
});
