/** What a number in a model file has to satisfy; it is always finite. */
export interface NumberRule {
  readonly min?: number;
  readonly max?: number;
  readonly above?: number;
  readonly integer?: boolean;
}

/** What a list in a model file has to satisfy. */
export interface ListRule {
  readonly min?: number;
  readonly max: number;
}

const LONGEST_TEXT = 200;

/**
 * A place in untrusted JSON, with the path that leads to it.
 * Readers report what is wrong into the shared list and go on with a harmless value, so that a file's problems come
 * out all at once; the caller looks at `problems` before it uses anything.
 */
export class Field {
  readonly value: unknown;
  readonly path: string;
  readonly problems: string[];

  constructor(value: unknown, path: string, problems: string[] = []) {
    this.value = value;
    this.path = path;
    this.problems = problems;
  }

  /** The field under a key; a missing key reads as `undefined` and is reported by the reader that needs it. */
  at(key: string): Field {
    const value = isRecord(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new Field(value, `${this.path}.${key}`, this.problems);
  }

  get exists(): boolean {
    return this.value !== undefined;
  }

  number(rule: NumberRule = {}): number {
    const { min = -Infinity, max = Infinity, above = -Infinity, integer = false } = rule;
    if (typeof this.value !== 'number' || !Number.isFinite(this.value)) return this.#wrong('must be a number', 0);
    if (integer && !Number.isSafeInteger(this.value)) return this.#wrong('must be a whole number', 0);
    if (this.value <= above) return this.#wrong(`must be above ${String(above)}`, 0);
    if (this.value < min) return this.#wrong(`must be at least ${String(min)}`, 0);
    if (this.value > max) return this.#wrong(`must be at most ${String(max)}`, 0);
    return this.value;
  }

  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.#wrong('must be true or false', false);
  }

  /** A text of 1 to 200 characters, none of them a control character, which a terminal might obey; of the given shape if there is one. */
  text(shape?: { readonly pattern: RegExp; readonly name: string }): string {
    if (typeof this.value !== 'string' || this.value === '') return this.#wrong('must be a text', '');
    if (this.value.length > LONGEST_TEXT) return this.#wrong(`is longer than ${String(LONGEST_TEXT)} characters`, '');
    if (/\p{Cc}/u.test(this.value)) return this.#wrong('must not hold control characters', '');
    if (this.value === '__proto__') return this.#wrong('must not be __proto__', '');
    if (shape && !shape.pattern.test(this.value)) return this.#wrong(`must be ${shape.name}`, '');
    return this.value;
  }

  /** One of a few texts. */
  oneOf<T extends string>(choices: readonly [T, ...T[]]): T {
    const found = choices.find((choice) => choice === this.value);
    return found ?? this.#wrong(`must be ${choices.map((choice) => `"${choice}"`).join(' or ')}`, choices[0]);
  }

  list({ min = 0, max }: ListRule): Field[] {
    if (!Array.isArray(this.value)) return this.#wrong('must be a list', []);
    if (this.value.length < min || this.value.length > max) {
      const wanted = min === max ? String(min) : `${String(min)} to ${String(max)}`;
      return this.#wrong(`must hold ${wanted} values, it holds ${String(this.value.length)}`, []);
    }
    return this.value.map((each, index) => new Field(each, `${this.path}[${String(index)}]`, this.problems));
  }

  numbers(length: ListRule, rule?: NumberRule): number[] {
    return this.list(length).map((each) => each.number(rule));
  }

  /** The entries of an object; a Map, because its keys come from a file. */
  entries(max: number): Map<string, Field> {
    if (!isRecord(this.value)) return this.#wrong('must be an object', new Map<string, Field>());
    const keys = Object.keys(this.value);
    if (keys.length > max) return this.#wrong(`must hold at most ${String(max)} entries`, new Map<string, Field>());
    return new Map(keys.map((key) => [key, this.at(key)]));
  }

  /** Free-form JSON that is only passed on: an object nested at most `depth` deep; absent reads as an empty one. */
  json(depth = 16): Readonly<Record<string, unknown>> {
    if (!this.exists) return {};
    if (!isRecord(this.value)) return this.#wrong('must be an object', {});
    return isShallow(this.value, depth) ? this.value : this.#wrong(`is nested deeper than ${String(depth)}`, {});
  }

  /** Reports that this place is wrong. */
  report(message: string): void {
    this.problems.push(`${this.path} ${message}`);
  }

  #wrong<T>(message: string, fallback: T): T {
    this.report(this.exists ? message : `is missing: it ${message}`);
    return fallback;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((each) => isShallow(each, depth - 1));
}
