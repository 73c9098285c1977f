import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configuredLogin, netrcLoginFor } from './http-login.ts';
import { loginIn } from './netrc.ts';

test('the entry of a host is found, whatever stands around it', () => {
  const text = `# machine a.example login no password no
machine b.example login ann password one account x
machine A.example
  login ann
  password "two words \\" quoted"
macdef init
machine a.example login macro password macro

machine a.example login bob password #three
default login any password any
`;
  expect(loginIn(text, 'a.example')).toEqual({ login: 'ann', password: 'two words " quoted' });
  expect(loginIn(text, 'a.example', 'bob')).toEqual({ login: 'bob', password: '#three' });
  expect(loginIn(text, 'B.EXAMPLE')).toEqual({ login: 'ann', password: 'one' });
  expect(loginIn(text, 'b.example', 'bob')).toBeUndefined();
});

test('no other host is given a login, not even the default one', () => {
  expect(loginIn('machine a.example login x password y\ndefault login any password any', 'c.example')).toBeUndefined();
  expect(loginIn('machine a.example.org login x password y', 'a.example')).toBeUndefined();
});

test('any text is read without a fault', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void loginIn(text, 'a')));
  const words = fc.constantFrom('machine', 'a', 'login', 'password', 'default', 'macdef', '"', '\n', '\n\n', ' ', '#');
  fc.assert(fc.property(fc.array(words), (all) => void loginIn(all.join(' '), 'a')));
});

test('a login of the netrc file goes over an encrypted connection, or stays on this machine', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'netrc-')), 'netrc');
  writeFileSync(file, ['example.org', '127.0.0.1', '::1', 'localhost'].map((host) => `machine ${host} login me password hush\n`).join('')); // prettier-ignore
  const env = { NETRC: file };
  const found = (url: string): string | undefined => netrcLoginFor(new URL(url), env)?.secret;
  for (const url of [
    'https://example.org/x',
    'https://me@example.org:8443/',
    'http://127.0.0.1:80/',
    'http://[::1]/',
    'http://localhost/',
  ])
    // prettier-ignore
    expect([url, found(url)]).toEqual([url, 'hush']);
  for (const url of ['http://example.org/x', 'https://you@example.org/', 'https://sub.example.org/', 'https://org/'])
    expect([url, found(url)]).toEqual([url, undefined]);
  expect(netrcLoginFor(new URL('https://example.org'), { NETRC: `${file}.not` })).toBeUndefined();
});

test('a remote says how its server is logged into; what no header can hold is refused without a word of it', () => {
  const name = 'remote.web';
  const login = (auth: string, more: { user?: string; header?: string; password?: string } = {}): unknown =>
    configuredLogin({ user: undefined, header: undefined, password: 'hush', ...more, auth, name, below: '/' });
  expect(login('basic', { user: 'me' })).toMatchObject({ header: 'authorization', value: 'Basic bWU6aHVzaA==' });
  expect(login('bearer')).toMatchObject({ header: 'authorization', value: 'Bearer hush' });
  expect(login('custom', { header: 'X-Api-Key' })).toMatchObject({ header: 'X-Api-Key', value: 'hush' });
  expect(login('digest', { user: 'me' })).toMatchObject({ kind: 'digest', user: 'me', password: 'hush' });
  expect(() => login('basic')).toThrow('remote.web.user');
  expect(() => login('digest')).toThrow('remote.web.user');
  expect(() => login('digest', { user: 'mé' })).toThrow('remote.web.user');
  expect(() => login('custom')).toThrow('custom_auth_header');
  expect(() => login('bearer', { password: 'hush\nX: y' })).toThrow(/^(?!.*hush)/s);
  expect(
    configuredLogin({ auth: 'basic', user: 'me', header: undefined, password: undefined, name, below: '/' }),
  ).toBeUndefined();
});
