import type { YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { describe } from './check.ts';
import { checkGlob, isGlob, unescapeGlob } from './glob.ts';
import type { Dep, ParamDep } from './model.ts';
import { pathText, type Places } from './outs.ts';
import { isDvcFile, isKnownScheme, twoPaths, urlScheme } from './paths.ts';
import type { Report, Span } from './report.ts';

/** The `deps` of a stage; a path that comes twice counts once. */
export function readDeps(node: YamlNode | undefined, places: Places): Dep[] {
  if (node?.kind !== 'seq') return [];
  const byPath = new Map<string, Dep>();
  for (const item of node.items) {
    const written = pathText(item, 'an item of deps', places.report);
    if (written === undefined) continue;
    const dep = readDep(written, item, places);
    if (dep !== undefined && !byPath.has(dep.path)) byPath.set(dep.path, dep);
  }
  return [...byPath.values()];
}

function readDep(written: string, span: Span, { wdir, root, dialect, report }: Places): Dep | undefined {
  const at = report.place(span);
  const scheme = urlScheme(written);
  if (scheme !== undefined) {
    if (isKnownScheme(scheme)) return { path: written, as: written, glob: false, url: true, at };
    report.add('PIPE_FIELD_VALUE', span, `nothing can be read from ${scheme}:// URLs`);
    return undefined;
  }
  if (dialect === 'dvc') {
    if (!isDvcFile(written)) return { ...twoPaths(written, wdir, root), glob: false, url: false, at };
    const hint = 'depend on the data that it stands for';
    report.add('PIPE_PATH_RESERVED', span, {
      message: `${written} is a file that DVC keeps; it cannot be a dep`,
      hint,
    });
    return undefined;
  }
  const glob = isGlob(written);
  const fault = glob ? checkGlob(written) : undefined;
  if (fault !== undefined) {
    const hint = 'write \\ before a character that stands for itself';
    report.add('PIPE_FIELD_VALUE', span, { message: `the pattern ${written} cannot be read: ${fault}`, hint });
    return undefined;
  }
  return { ...twoPaths(glob ? written : unescapeGlob(written), wdir, root), glob, url: false, at };
}

const DEFAULT_FILE = 'params.yaml';

/** The `params` of a stage: one entry per file. A file without keys is taken whole, whatever else asks for it. */
export function readParams(node: YamlNode | undefined, { wdir, root, report }: Places): ParamDep[] {
  if (node?.kind !== 'seq') return [];
  const whole = new Set(node.items.flatMap(filesTakenWhole));
  const files = new Map<string, { readonly span: Span; readonly keys: Set<string> }>();
  const keysIn = (file: string, span: Span): Set<string> => {
    const known = files.get(file) ?? { span, keys: new Set<string>() };
    files.set(file, known);
    return known.keys;
  };
  for (const item of node.items) {
    if (item.kind === 'map') {
      for (const { key, value } of item.entries) {
        const file = keyText(key);
        const keys = keysIn(file, key);
        if (!isNothing(value)) for (const name of keysOf(value, file, report)) keys.add(name);
      }
    } else {
      const key = pathText(item, 'an item of params', report);
      if (key !== undefined && !whole.has(DEFAULT_FILE)) keysIn(DEFAULT_FILE, item).add(key);
    }
  }
  return Array.from(files, ([file, { span, keys }]) => ({
    ...twoPaths(file, wdir, root),
    ...(whole.has(file) ? {} : { keys: [...keys] }),
    at: report.place(span),
  }));
}

function filesTakenWhole(item: YamlNode): string[] {
  if (item.kind !== 'map') return [];
  return item.entries.filter(({ value }) => isNothing(value)).map(({ key }) => keyText(key));
}

/** `file:` and `file: []` ask for the whole file. */
function isNothing(node: YamlNode): boolean {
  if (node.kind === 'scalar') return node.value === null || node.value === false || node.value === '';
  return node.kind === 'seq' ? node.items.length === 0 : node.entries.length === 0;
}

function keysOf(node: YamlNode, file: string, report: Report): string[] {
  if (node.kind !== 'seq') {
    report.add('PIPE_FIELD_TYPE', node, `the params of ${file} must be a list of keys, found ${describe(node)}`);
    return [];
  }
  return node.items.flatMap((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string') return [item.value];
    report.add('PIPE_FIELD_TYPE', item, {
      message: `a key of ${file} must be a text, found ${describe(item)}`,
      hint: 'put it in quotes',
    });
    return [];
  });
}
