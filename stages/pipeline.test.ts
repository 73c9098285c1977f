import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface StageText {
  readonly cmd: string;
  readonly deps: readonly string[];
  readonly outs?: readonly string[];
}

const root = path.join(import.meta.dirname, '..');
const { stages } = parse(readFileSync(path.join(root, 'pipeline.yaml'), 'utf8')) as {
  stages: Record<string, StageText>;
};

/** Imports that exist at run time: `import type` is gone by then. */
const IMPORT = /^(?:import|export)\s+(?!type\b)[^'"]*?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gmu;

/** A script and all that it loads: files relative to the project, and names of packages. */
function loads(script: string): { readonly files: Set<string>; readonly packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, fixed, late] of readFileSync(path.join(root, file), 'utf8').matchAll(IMPORT)) {
      const name = fixed ?? late ?? '';
      if (name.startsWith('.')) visit(path.posix.join(path.posix.dirname(file), name));
      else packages.add(name);
    }
  };
  visit(script);
  return { files, packages };
}

const covers = (dep: string, file: string): boolean => file === dep || file.startsWith(`${dep}/`);

describe.each(Object.entries(stages))('stage %s', (_name, { cmd, deps }) => {
  const script = cmd.split(' ').at(-1) ?? '';
  const { files, packages } = loads(script);

  it('depends on every source file it loads', () => {
    expect([...files].filter((file) => !deps.some((dep) => covers(dep, file)))).toEqual([]);
  });

  it('depends on no source that it does not load', () => {
    const sources = deps.filter((dep) => /^(?:stages|model-creation)\//u.test(dep));
    expect(sources.filter((dep) => ![...files].some((file) => covers(dep, file)))).toEqual([]);
  });

  it('depends on the version of every tensor package it loads', () => {
    const wanted = [...packages].filter((name) => name.startsWith('@tensorflow/'));
    expect(wanted.filter((name) => !deps.includes(`node_modules/${name}/package.json`))).toEqual([]);
  });

  it('depends on nothing that is neither there nor made by a stage', () => {
    const made = Object.values(stages).flatMap(({ outs = [] }) => outs);
    const missing = deps.filter(
      (dep) => dep !== 'metrics.json' && !made.includes(dep) && !existsSync(path.join(root, dep)),
    );
    expect(missing).toEqual([]);
  });
});

it('the training stage never sees the test part', () => {
  expect(stages.train?.deps.filter((dep) => dep.startsWith('data/'))).toEqual(['data/prepared/fit']);
});
