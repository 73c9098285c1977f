import { formatOf, parseData } from '../kit/format/data.ts';
import type { YamlNode } from '../kit/format/yaml/node.ts';
import { toValue } from '../kit/format/yaml/value.ts';
import { nearest } from '../kit/nearest.ts';
import { isMap, type Value, type ValueMap } from '../kit/value.ts';
import { PipeError } from '../problem/problem.ts';
import { findTemplates } from './expression.ts';
import { joinPath } from './paths.ts';
import type { Report, Span } from './report.ts';
import { mergeInto, type Var } from './scope.ts';

/** Which keys of a file are loaded already; `all` for the whole file. */
type Loaded = ReadonlyMap<string, 'all' | readonly string[]>;

/** The variables of a pipeline file, or of one stage on top of them. */
export interface VarSet {
  readonly vars: ReadonlyMap<string, Var>;
  readonly loaded: Loaded;
}

interface StageVars {
  /** Its working folder. */
  readonly folder: string;
  readonly name: string;
  /** Names that its variables may not take. */
  readonly reserved: readonly string[];
}

/** Where variables are put together. */
interface Target {
  readonly vars: Map<string, Var>;
  readonly loaded: Map<string, 'all' | readonly string[]>;
  readonly folder: string;
  /** How messages call the list: `vars` or `train.vars`. */
  readonly label: string;
  readonly reserved: readonly string[];
}

interface WantedFile {
  readonly file: string;
  /** None for the whole file. */
  readonly keys: readonly string[];
}

interface Source {
  readonly values: ValueMap;
  readonly origin: { readonly from: string; readonly file?: string };
}

type Content = ValueMap | PipeError | 'absent' | 'no-map';

/** Reads variable files, each at most once, and puts variables together. What is wrong is reported. */
export class VarFiles {
  /** Files that were read, relative to the project root. */
  readonly inputs = new Set<string>();
  private readonly read: (path: string) => string | undefined;
  private readonly root: string | undefined;
  private readonly report: Report;
  private readonly parsed = new Map<string, Content>();

  constructor(read: (path: string) => string | undefined, root: string | undefined, report: Report) {
    this.read = read;
    this.root = root;
    this.report = report;
  }

  /** The variables that every pipeline file sees: those of params.yaml beside it, then its `vars`. */
  loadTop(list: YamlNode | undefined, folder: string): VarSet {
    const into: Target = { folder, label: 'vars', vars: new Map(), loaded: new Map(), reserved: [] };
    const file = joinPath(folder, 'params.yaml', this.root);
    if (this.get(file) !== 'absent') this.addFile({ file, keys: [] }, { start: 0, end: 0 }, into);
    this.addList(list, into);
    return into;
  }

  /** The variables of one stage: those of the file, then its own `vars`, read from its working folder. */
  loadStage(list: YamlNode, above: VarSet, stage: StageVars): VarSet {
    const { folder, name, reserved } = stage;
    const vars = new Map(above.vars);
    const loaded = new Map(above.loaded);
    const into: Target = { folder, label: `${name}.vars`, vars, loaded, reserved };
    this.addList(list, into);
    return into;
  }

  private addList(list: YamlNode | undefined, into: Target): void {
    if (list?.kind !== 'seq') return;
    for (const [index, item] of list.items.entries()) {
      if (hasTemplate(item)) {
        const hint = 'write the value itself';
        this.report.add('PIPE_TEMPLATE', item, { message: '${…} is not allowed under vars', hint });
      } else if (item.kind === 'map') {
        const values = toValue(item);
        const from = `${into.label}[${String(index)}]`;
        if (isMap(values)) this.merge({ values, origin: { from } }, item, into);
      } else if (item.kind === 'scalar' && typeof item.value === 'string') {
        const [path = '', ...rest] = item.value.split(':');
        const keys = rest
          .join(':')
          .split(',')
          .filter((key) => key !== '');
        this.addFile({ file: joinPath(into.folder, path, this.root), keys }, item, into);
      }
    }
  }

  private addFile({ file, keys }: WantedFile, span: Span, into: Target): void {
    const before = into.loaded.get(file);
    const whole = keys.length === 0;
    if (before === 'all' && whole) return;
    const known = before === 'all' || before === undefined ? [] : before;
    const again = before === 'all' ? keys[0] : whole ? known[0] : keys.find((key) => known.includes(key));
    if (again !== undefined) {
      const hint =
        before === 'all'
          ? 'the whole file is loaded already: remove this line'
          : 'load each key once, or the whole file';
      this.report.add('PIPE_VAR_CONFLICT', span, { message: `"${again}" of ${file} is loaded already`, hint });
      return;
    }
    const content = this.get(file);
    if (content === 'absent') {
      this.report.add('PIPE_VAR_FILE', span, `${file} does not exist`);
    } else if (content === 'no-map') {
      this.report.add('PIPE_VAR_FILE', span, `${file} does not hold a map`);
    } else if (content instanceof PipeError) {
      this.report.addAll(content.problems);
    } else {
      const values = whole ? content : this.pick(content, { file, keys }, span);
      this.merge({ values, origin: { from: file, file } }, span, into);
      into.loaded.set(file, whole ? 'all' : [...known, ...keys]);
    }
  }

  private pick(content: ValueMap, { file, keys }: WantedFile, span: Span): ValueMap {
    const picked = new Map<string, Value>();
    for (const key of keys) {
      const value = content.get(key);
      if (value !== undefined) {
        picked.set(key, value);
        continue;
      }
      const close = nearest(key, content.keys());
      const hint = close === undefined ? undefined : `did you mean ${close}?`;
      this.report.add('PIPE_VAR_UNKNOWN', span, { message: `${file} has no key "${key}"`, hint });
    }
    return picked;
  }

  private merge({ values, origin }: Source, span: Span, { vars, reserved }: Target): void {
    const taken = reserved.find((name) => values.has(name));
    if (taken !== undefined) {
      const message = `${origin.from} defines "${taken}", which stands for the item of the group`;
      this.report.add('PIPE_VAR_CONFLICT', span, { message, hint: 'rename it' });
      return;
    }
    for (const { path, before } of mergeInto(vars, values, origin)) {
      const message = `${origin.from} defines "${path}", which ${before} defines already`;
      this.report.add('PIPE_VAR_CONFLICT', span, { message, hint: 'keep one of them' });
    }
  }

  private get(file: string): Content {
    const known = this.parsed.get(file);
    if (known !== undefined) return known;
    const content = this.parse(file);
    this.parsed.set(file, content);
    return content;
  }

  private parse(file: string): Content {
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

/** An empty file of variables defines nothing. */
function orEmpty(value: Value): Value {
  return value === null ? new Map() : value;
}

function hasTemplate(node: YamlNode): boolean {
  if (node.kind === 'scalar') return typeof node.value === 'string' && findTemplates(node.value).length > 0;
  if (node.kind === 'seq') return node.items.some(hasTemplate);
  return node.entries.some(({ key, value }) => hasTemplate(key) || hasTemplate(value));
}
