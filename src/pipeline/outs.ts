import type { MapEntry, YamlNode } from '../kit/format/yaml/node.ts';
import { keyText } from '../kit/format/yaml/node.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { isList, isMap, type Value } from '../kit/value.ts';
import { describe } from './check.ts';
import type { Out } from './model.ts';
import { twoPaths, urlScheme, whyNoOut } from './paths.ts';
import { PLOT_FLAGS } from './schema.ts';
import type { Report, Span } from './report.ts';
import { templateText } from './text.ts';

/** Where the paths of a stage lead, and where problems go. */
export interface Places {
  readonly wdir: string;
  readonly root: string | undefined;
  readonly dialect: 'pipe' | 'dvc';
  readonly report: Report;
}

/** One of `outs`, `metrics`, `plots` of a stage. A path that comes twice is one out with the flags of both. */
export function readOuts(node: YamlNode | undefined, kind: Out['kind'], places: Places): Out[] {
  if (node?.kind !== 'seq') return [];
  const byPath = new Map<string, MergedOut>();
  for (const item of node.items) {
    for (const { path, span, flags } of pathsOf(item, kind, places.report)) {
      const known = byPath.get(path) ?? { path, kind, span, flags: new Map<string, MapEntry>() };
      for (const flag of flags) known.flags.set(keyText(flag.key), flag);
      byPath.set(path, known);
    }
  }
  return Array.from(byPath.values(), (each) => readOut(each, places)).filter((out) => out !== undefined);
}

interface WrittenOut {
  readonly path: string;
  readonly span: Span;
  readonly flags: readonly MapEntry[];
}

function pathsOf(item: YamlNode, kind: Out['kind'], report: Report): WrittenOut[] {
  if (item.kind === 'scalar') {
    const path = pathText(item, `an item of ${kind}s`, report);
    return path === undefined ? [] : [{ path, span: item, flags: [] }];
  }
  if (item.kind === 'seq') return [];
  return item.entries.flatMap(({ key, value }) => {
    const path = pathText(key, `an item of ${kind}s`, report);
    if (value.kind === 'seq') {
      report.add('PIPE_FIELD_TYPE', value, {
        message: 'a plot of a stage takes one map of properties',
        hint: 'define several plots of a file under the top-level plots',
      });
      return [];
    }
    return path === undefined || value.kind !== 'map' ? [] : [{ path, span: key, flags: value.entries }];
  });
}

/** A path; a number or a truth value that a template put there is no path. */
export function pathText(node: YamlNode, name: string, report: Report): string | undefined {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    if (node.kind !== 'scalar' || node.derived === true) {
      report.add('PIPE_FIELD_TYPE', node, `${name} must be a text, found ${describe(node)}`);
    }
    return undefined;
  }
  if (node.value === '' || node.value.includes('\0')) {
    report.add('PIPE_FIELD_VALUE', node, `${name} must be a path, found ${describe(node)}`);
    return undefined;
  }
  return node.value;
}

/** One path with the flags of every item that names it. */
interface MergedOut {
  readonly path: string;
  readonly kind: Out['kind'];
  readonly span: Span;
  readonly flags: Map<string, MapEntry>;
}

function readOut({ path: written, kind, span, flags }: MergedOut, { wdir, root, report }: Places): Out | undefined {
  if (urlScheme(written) !== undefined) {
    report.add('PIPE_PATH_OUTSIDE', span, {
      message: `the ${kind} ${written} is not a path in the project`,
      hint: 'write to a file and push it',
    });
    return undefined;
  }
  const paths = twoPaths(written, wdir, root);
  const refusal = whyNoOut(paths.path);
  if (refusal !== undefined) {
    const code = refusal.outside ? 'PIPE_PATH_OUTSIDE' : 'PIPE_PATH_RESERVED';
    report.add(code, span, `the ${kind} ${written} ${refusal.why}`);
    return undefined;
  }
  const get = (name: string): Value | undefined => {
    const flag = flags.get(name);
    return flag && toValue(flag.value);
  };
  const plot = new Map<string, Value>();
  for (const [name, flag] of flags) {
    if (kind === 'plot' && Object.hasOwn(PLOT_FLAGS, name)) plot.set(name, toValue(flag.value));
  }
  return {
    ...paths,
    kind,
    cache: get('cache') !== false,
    persist: get('persist') === true,
    push: get('push') !== false,
    ...textFlag('remote', get('remote')),
    ...textFlag('desc', get('desc')),
    ...textFlag('type', get('type')),
    ...labelsFlag(get('labels')),
    ...(flags.has('meta') ? { meta: get('meta') ?? null } : {}),
    ...(plot.size > 0 ? { plot } : {}),
    at: report.place(span),
  };
}

/** A field that is text for people; a template may have put a number or a truth value there. */
export function textFlag<K extends string>(name: K, value: Value | undefined): { readonly [P in K]?: string } {
  if (value === undefined || value === null || isList(value) || isMap(value)) return {};
  return { [name]: templateText(value) } as { readonly [P in K]?: string };
}

/** `labels` as texts. */
export function labelsFlag(value: Value | undefined): { readonly labels?: readonly string[] } {
  if (!Array.isArray(value)) return {};
  return { labels: (value as readonly Value[]).filter((label) => typeof label === 'string') };
}
