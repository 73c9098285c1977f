import type { YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { describe } from './check.ts';
import { checkGlob, isGlob, unescapeGlob } from './glob.ts';
import type { Dep, ParamDep } from './model.ts';
import { pathText, type Folder } from './outs.ts';
import { isDvcFile, isUrl, twoPaths } from './paths.ts';
import type { Report, Span } from './report.ts';

/** The `deps` of a stage; a path that comes twice counts once. */
export function readDeps(node: YamlNode | undefined, folder: Folder, dialect: 'pipe' | 'dvc', report: Report): Dep[] {
  if (node?.kind !== 'seq') return [];
  const byPath = new Map<string, Dep>();
  for (const item of node.items) {
    const written = pathText(item, 'an item of deps', report);
    if (written === undefined) continue;
    const dep = readDep(written, item, folder, dialect, report);
    if (dep !== undefined && !byPath.has(dep.path)) byPath.set(dep.path, dep);
  }
  return [...byPath.values()];
}

function readDep(
  written: string,
  span: Span,
  { wdir, root }: Folder,
  dialect: 'pipe' | 'dvc',
  report: Report,
): Dep | undefined {
  const at = report.place(span);
  if (isUrl(written)) return { path: written, as: written, glob: false, url: true, at };
  if (dialect === 'dvc' && isDvcFile(written)) {
    report.add(
      'PIPE_PATH_RESERVED',
      `${written} is a file that DVC keeps; it cannot be a dep`,
      span,
      'depend on the data that it stands for',
    );
    return undefined;
  }
  const glob = dialect === 'pipe' && isGlob(written);
  if (glob) {
    const fault = checkGlob(written);
    if (fault !== undefined) {
      report.add(
        'PIPE_FIELD_VALUE',
        `the pattern ${written} cannot be read: ${fault}`,
        span,
        'write \\ before a character that stands for itself',
      );
      return undefined;
    }
  }
  const path = glob || dialect === 'dvc' ? written : unescapeGlob(written);
  return { ...twoPaths(path, wdir, root), glob, url: false, at };
}

const DEFAULT_FILE = 'params.yaml';

/** The `params` of a stage: one entry per file. A file without keys is taken whole, whatever else asks for it. */
export function readParams(node: YamlNode | undefined, { wdir, root }: Folder, report: Report): ParamDep[] {
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
    report.add('PIPE_FIELD_TYPE', `the params of ${file} must be a list of keys, found ${describe(node)}`, node);
    return [];
  }
  return node.items.flatMap((item) => {
    if (item.kind === 'scalar' && typeof item.value === 'string') return [item.value];
    report.add('PIPE_FIELD_TYPE', `a key of ${file} must be a text, found ${describe(item)}`, item, 'put it in quotes');
    return [];
  });
}
