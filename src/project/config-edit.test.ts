import fc from 'fast-check';
import { expect, test } from 'vitest';
import { setInText, unsetInText } from './config-edit.ts';
import { readConfigText } from './config-file.ts';

const FULL = `# ours
core:
  # as many as the nodes have
  jobs:   8     # since May

  remote: "main"

cache:
    type: [reflink, copy] # fast first
remote:
  main:
    url: s3://bucket/x
# the end
`;

test('a new value leaves every other byte as it is', () => {
  expect(setInText(FULL, 'core.jobs', 16)).toBe(FULL.replace('8', '16'));
  expect(setInText(FULL, 'core.remote', 'other')).toBe(FULL.replace('"main"', 'other'));
  expect(setInText(FULL, 'cache.type', ['copy'])).toBe(FULL.replace('[reflink, copy]', '[copy]'));
});

test('a new option goes below the last one of its section, indented as they are', () => {
  expect(setInText(FULL, 'cache.dir', '/x')).toBe(FULL.replace('# fast first\n', '# fast first\n    dir: /x\n'));
  expect(setInText(FULL, 'remote.main.profile', 'p')).toBe(FULL.replace('bucket/x\n', 'bucket/x\n    profile: p\n'));
});

test('a new section goes to the end, and a new remote into its section', () => {
  expect(setInText('core:\n  jobs: 1\n', 'parsing.list', 'append')).toBe(
    'core:\n  jobs: 1\nparsing:\n  list: append\n',
  );
  expect(setInText('remote:\n  a:\n    url: x\n', 'remote.b.url', 'y')).toBe(
    'remote:\n  a:\n    url: x\n  b:\n    url: y\n',
  );
});

test('a file without content, of comments alone, or without a last line end gets its first option', () => {
  expect(setInText('', 'core.jobs', 1)).toBe('core:\n  jobs: 1\n');
  expect(setInText('# ours\n', 'core.jobs', 1)).toBe('# ours\ncore:\n  jobs: 1\n');
  expect(setInText('# ours', 'core.jobs', 1)).toBe('# ours\ncore:\n  jobs: 1\n');
  expect(setInText('core:\n  jobs: 2', 'core.remote', 'x')).toBe('core:\n  jobs: 2\n  remote: x\n');
});

test('an empty section and an empty option are filled', () => {
  expect(setInText('core:\ncache:\n  dir: x\n', 'core.jobs', 1)).toBe('core:\n  jobs: 1\ncache:\n  dir: x\n');
  expect(setInText('core:\n  jobs:  # how many\n', 'core.jobs', 1)).toBe('core:\n  jobs: 1  # how many\n');
});

test('line ends stay CRLF', () => {
  expect(setInText('core:\r\n  jobs: 1\r\n', 'core.remote', 'x')).toBe('core:\r\n  jobs: 1\r\n  remote: x\r\n');
});

test('a text in flow style keeps its comments and what else it sets', () => {
  const changed = setInText('# ours\ncore: {jobs: 1, remote: a} # short\n', 'core.jobs', 2);
  expect(changed).toContain('# ours');
  expect(changed).toContain('# short');
  expect(changed).toContain('jobs: 2, remote: a');
});

test('an option is taken out of flow style, with a section that holds nothing else', () => {
  expect(unsetInText('core: {jobs: 1, remote: a}\n', 'core.jobs')).toBe('core: { remote: a }\n');
  expect(unsetInText('{core: {jobs: 1}, cache: {dir: x}}\n', 'core.jobs')).toBe('{ cache: { dir: x } }\n');
});

test('a text with something else in the way of an option stays as it is', () => {
  for (const text of ['core: &a { jobs: 1 }\ncache: *a\n', 'cache: x\n']) {
    expect(setInText(text, 'cache.dir', 'y')).toBe(text);
  }
});

test('texts that look like something else are quoted', () => {
  for (const text of ['true', '1_000', '~', 'a: b', '#x', '', ' x ', 'null', '- a', '${A}', '"q"', 'a\tb', 'é\u2028']) {
    const changed = setInText('', 'core.remote', text);
    const read = readConfigText({ path: '/x', level: 'local', label: 'x' }, changed);
    expect(text === '' ? '' : read.settings[0]?.content).toBe(text);
  }
});

test('an option that is taken out takes along its comment on the line and sections that hold nothing else', () => {
  expect(unsetInText(FULL, 'core.jobs')).toBe(FULL.replace('  jobs:   8     # since May\n', ''));
  expect(unsetInText(FULL, 'cache.type')).toBe(FULL.replace(/cache:\n.*\n/, ''));
  expect(unsetInText(FULL, 'remote.main.url')).toBe(FULL.replace(/remote:\n +main:\n.*\n/, ''));
  expect(unsetInText('cache:\n  type:\n    - copy\n    - reflink\ncore:\n  jobs: 1\n', 'cache.type')).toBe(
    'core:\n  jobs: 1\n',
  );
});

test('whatever is set and taken out in turn, the file says exactly that and keeps its comments', () => {
  const name = fc.constantFrom(
    'core.remote',
    'cache.dir',
    'remote.a.url',
    'remote.b.url',
    'remote.b.profile',
    'remote.1.url',
  );
  const value = fc
    .oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('x', 'true', '12', "it's", 'a: b # c'))
    .filter((text) => !/[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/.test(text)); // eslint-disable-line no-control-regex -- YAML has no place for them
  const step = fc.record({ name, value: fc.option(value, { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom('', '# top\n', FULL), (steps, start) => {
      const origin = { path: '/x', level: 'local', label: 'x' } as const;
      let text: string = start;
      const wanted = new Map(readConfigText(origin, text).settings.map((each) => [each.name, each.content]));
      for (const { name: key, value: content } of steps) {
        if (content !== undefined) text = setInText(text, key, content);
        else if (wanted.has(key)) text = unsetInText(text, key);
        if (content === undefined) wanted.delete(key);
        else wanted.set(key, content);
      }
      const read = readConfigText(origin, text);
      expect(read.problems).toEqual([]);
      expect(new Map(read.settings.map((each) => [each.name, each.content]))).toEqual(wanted);
      for (const comment of start.match(/^#.*/gm) ?? []) expect(text).toContain(comment);
    }),
  );
});
