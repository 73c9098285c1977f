import { formatOf, parseData } from '../kit/format/data.ts';
import type { YamlNode } from '../kit/format/yaml/node.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { nearest } from '../kit/nearest.ts';
import { isMap, type Value, type ValueMap } from '../kit/value.ts';
import { PipeError } from '../problem/problem.ts';
import { findTemplates } from './expression.ts';
import { joinPath } from './paths.ts';
import type { Report, Span } from './report.ts';
import { mergeInto, type Conflict, type Var } from './scope.ts';

/** Which keys of a file are loaded already; `all` for the whole file. */
type Loaded = ReadonlyMap<string, 'all' | readonly string[]>;

/** The variables of a pipeline file, or of one stage on top of them. */
export interface VarSet {
  readonly vars: ReadonlyMap<string, Var>;
  readonly loaded: Loaded;
}

/** Reads variable files, each at most once. */
export class VarFiles {
  /** Files that were read, relative to the project root. */
  readonly inputs = new Set<string>();
  private readonly read: (path: string) => string | undefined;
  private readonly root: string | undefined;
  private readonly parsed = new Map<string, ValueMap | PipeError | 'absent' | 'no-map'>();

  constructor(read: (path: string) => string | undefined, root: string | undefined) {
    this.read = read;
    this.root = root;
  }

  /** The variables that every pipeline file sees: those of params.yaml beside it, then its `vars`. */
  loadTop(list: YamlNode | undefined, folder: string, report: Report): VarSet {
    const vars = new Map<string, Var>();
    const loaded = new Map<string, 'all' | readonly string[]>();
    const file = joinPath(folder, 'params.yaml', this.root);
    if (this.get(file) !== 'absent') this.addFile({ file, keys: [], span: { start: 0, end: 0 }, vars, loaded, report });
    this.addList(list, { folder, label: 'vars', vars, loaded, report, reserved: [] });
    return { vars, loaded };
  }

  /** The variables of one stage: those of the file, then its own `vars`. */
  loadStage(
    list: YamlNode,
    above: VarSet,
    stage: { folder: string; name: string; locals: Iterable<string> },
    report: Report,
  ): VarSet {
    const vars = new Map(above.vars);
    const loaded = new Map(above.loaded);
    this.addList(list, {
      folder: stage.folder,
      label: `${stage.name}.vars`,
      vars,
      loaded,
      report,
      reserved: [...stage.locals],
    });
    return { vars, loaded };
  }

  private addList(list: YamlNode | undefined, into: Target): void {
    if (list?.kind !== 'seq') return;
    for (const [index, item] of list.items.entries()) {
      if (hasTemplate(item)) {
        into.report.add('PIPE_TEMPLATE', '${…} is not allowed under vars', item, 'write the value itself');
      } else if (item.kind === 'map') {
        const values = toValue(item);
        if (isMap(values)) this.merge(values, { from: `${into.label}[${String(index)}]` }, item, into);
      } else if (item.kind === 'scalar' && typeof item.value === 'string') {
        const colon = item.value.indexOf(':');
        const path = colon < 0 ? item.value : item.value.slice(0, colon);
        const keys =
          colon < 0
            ? []
            : item.value
                .slice(colon + 1)
                .split(',')
                .filter((key) => key !== '');
        this.addFile({ ...into, file: joinPath(into.folder, path, this.root), keys, span: item });
      }
    }
  }

  private addFile({ file, keys, span, vars, loaded, report, reserved = [] }: FileTarget): void {
    const before = loaded.get(file);
    if (before === 'all' && keys.length === 0) return;
    const again =
      before === 'all' ? keys[0] : keys.length === 0 ? before?.[0] : keys.find((key) => before?.includes(key));
    if (again !== undefined) {
      const hint =
        before === 'all'
          ? 'the whole file is loaded already: remove this line'
          : 'load each key once, or the whole file';
      report.add('PIPE_VAR_CONFLICT', `"${again}" of ${file} is loaded already`, span, hint);
      return;
    }
    const content = this.get(file);
    if (content === 'absent') return report.add('PIPE_VAR_FILE', `${file} does not exist`, span);
    if (content === 'no-map') return report.add('PIPE_VAR_FILE', `${file} does not hold a map`, span);
    if (content instanceof PipeError) return report.addAll(content.problems);
    const chosen = keys.length === 0 ? content : pick(content, keys, file, span, report);
    this.merge(chosen, { from: file, file }, span, { vars, report, reserved });
    loaded.set(
      file,
      keys.length === 0 ? 'all' : [...(before === undefined || before === 'all' ? [] : before), ...keys],
    );
  }

  private merge(
    values: ValueMap,
    origin: { from: string; file?: string },
    span: Span,
    { vars, report, reserved }: Pick<Target, 'vars' | 'report' | 'reserved'>,
  ): void {
    for (const name of reserved) {
      if (!values.has(name)) continue;
      report.add(
        'PIPE_VAR_CONFLICT',
        `${origin.from} defines "${name}", which stands for the item of the group`,
        span,
        'rename it',
      );
      return;
    }
    for (const conflict of mergeInto(vars, values, origin)) reportConflict(conflict, origin.from, span, report);
  }

  private get(file: string): ValueMap | PipeError | 'absent' | 'no-map' {
    const known = this.parsed.get(file);
    if (known !== undefined) return known;
    const content = this.parse(file);
    this.parsed.set(file, content);
    return content;
  }

  private parse(file: string): ValueMap | PipeError | 'absent' | 'no-map' {
    const text = this.read(file);
    if (text === undefined) return 'absent';
    this.inputs.add(file);
    try {
      const value = orEmpty(parseData(text, formatOf(file), file));
      return isMap(value) ? value : 'no-map';
    } catch (error) {
      if (error instanceof PipeError) return error;
      throw error;
    }
  }
}

interface Target {
  readonly folder: string;
  /** How messages call the list: `vars` or `train.vars`. */
  readonly label: string;
  readonly vars: Map<string, Var>;
  readonly loaded: Map<string, 'all' | readonly string[]>;
  readonly report: Report;
  /** Names that no variable may take here. */
  readonly reserved: readonly string[];
}

interface FileTarget {
  readonly file: string;
  readonly keys: readonly string[];
  readonly span: Span;
  readonly vars: Map<string, Var>;
  readonly loaded: Map<string, 'all' | readonly string[]>;
  readonly report: Report;
  readonly reserved?: readonly string[];
}

/** An empty file of variables defines nothing. */
function orEmpty(value: Value): Value {
  return value === null ? new Map() : value;
}

function pick(content: ValueMap, keys: readonly string[], file: string, span: Span, report: Report): ValueMap {
  const picked = new Map<string, Value>();
  for (const key of keys) {
    const value = content.get(key);
    if (value !== undefined) {
      picked.set(key, value);
      continue;
    }
    const close = nearest(key, content.keys());
    report.add(
      'PIPE_VAR_UNKNOWN',
      `${file} has no key "${key}"`,
      span,
      close === undefined ? undefined : `did you mean ${close}?`,
    );
  }
  return picked;
}

function reportConflict({ path, before }: Conflict, from: string, span: Span, report: Report): void {
  report.add(
    'PIPE_VAR_CONFLICT',
    `${from} defines "${path}", which ${before} defines already`,
    span,
    'keep one of them',
  );
}

function hasTemplate(node: YamlNode): boolean {
  if (node.kind === 'scalar') return typeof node.value === 'string' && findTemplates(node.value).length > 0;
  if (node.kind === 'seq') return node.items.some(hasTemplate);
  return node.entries.some(({ key, value }) => hasTemplate(key) || hasTemplate(value));
}
