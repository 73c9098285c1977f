import { expect, test } from 'vitest';
import { parsePointer } from './pointer.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const GOOD = `schema: pipe.pointer/1
outs:
  - path: data
    digest: b3:${'a'.repeat(64)}
    size: 1
`;

/** Every problem as `CODE message`. */
function faults(text: string): string[] {
  const result = parsePointer(text, { file: 'sub/data.pipe' });
  return result.ok ? [] : result.problems.map(({ code, message }) => `${code} ${message}`);
}

function fromRepo(repo: string, path = 'data'): string {
  return `${GOOD}deps:\n  - path: ${JSON.stringify(path)}\n    repo: {${repo}}\n`;
}

function fromUrl(url: string, more = ''): string {
  return `${GOOD}deps:\n  - path: ${JSON.stringify(url)}\n${more}`;
}

const locked = (url: string): string => `url: ${JSON.stringify(url)}, rev_lock: '${COMMIT}'`;

test.each<[string, string, string]>([
  [
    'a flag of Git for a URL',
    fromRepo(locked('--upload-pack=touch x')),
    'PIPE_URL the URL "--upload-pack=touch x" cannot be used: it begins with a dash',
  ],
  [
    'a transport that runs a program',
    fromRepo(locked('ext::sh -c touch% x')),
    'it names a transport, which can run any program',
  ],
  ['a second line in a URL', fromRepo(locked('https://a/b\nc')), 'it holds a line end'],
  ['a host that SSH takes for a flag', fromRepo(locked('ssh://-oProxyCommand=x/y')), 'its host begins with a dash'],
  ['such a host, written in short', fromRepo(locked('-oProxyCommand=x:y')), 'it begins with a dash'],
  ['one behind a user', fromRepo(locked('git@-oProxyCommand=x:y')), 'its host begins with a dash'],
  ['a scheme that nobody knows', fromRepo(locked('gopher://a/b')), 'gopher:// is none that Git may be reached by'],
  ['a password', fromRepo(locked('https://me:hush@example.org/r')), 'the URL https://***@example.org/r holds a secret'],
  ['a token', fromRepo(locked('https://ghp_hush@example.org/r')), 'the URL https://***@example.org/r holds a secret'],
  ['a token in a query', fromUrl('https://example.org/r?access_token=hush'), 'access_token=*** holds a secret'],
  ['a commit that is none', fromRepo(`url: /r, rev_lock: '--all'`), 'PIPE_FIELD_VALUE rev_lock is the full id'],
  ['a revision that is a flag', fromRepo(`${locked('/r')}, rev: '--all'`), 'PIPE_FIELD_VALUE rev is no revision'],
  ['a revision that is a refspec', fromRepo(`${locked('/r')}, rev: 'a:b'`), 'PIPE_FIELD_VALUE rev is no revision'],
  ['no commit', fromRepo('url: /r'), 'PIPE_FIELD_MISSING a repository needs rev_lock'],
  ['a path that climbs', fromRepo(locked('/r'), 'a/../../b'), 'PIPE_URL the path "a/../../b" is not plain'],
  ['an absolute path', fromRepo(locked('/r'), '/etc/passwd'), 'PIPE_URL the path "/etc/passwd" is absolute'],
  [
    'both kinds of provenance',
    fromRepo(locked('/r')).replace('    repo', '    etag: x\n    repo'),
    'PIPE_FIELD_VALUE etag and repo exclude each other',
  ],
  [
    'a URL of data that nobody reads',
    fromUrl('ftp://a/b'),
    'PIPE_URL the URL "ftp://a/b" cannot be used: nothing can be read from ftp://',
  ],
  ['a digest that is none', fromUrl('/x', '    digest: x\n'), 'PIPE_FIELD_VALUE digest must be b3:'],
  ['two places', `${GOOD}deps: [{path: /a}, {path: /b}]\n`, 'PIPE_FIELD_VALUE a pointer is imported from one place'],
])('refused as where something was imported from: %s', (_, text, problem) => {
  const found = faults(text);
  expect(found).toEqual([expect.stringContaining(problem)]);
  expect(found.join()).not.toContain('hush');
});

test('a placeholder gives no secret away', () => {
  expect(faults(fromUrl('https://example.org/r?token=${TOKEN}'))).toEqual([]);
  expect(faults(fromRepo(locked('https://me:${TOKEN}@example.org/r')))).toEqual([]);
});
