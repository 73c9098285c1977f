import { ModelError } from './model-error.ts';

/** Reads checked values from a map of options that came from a file. `at` names the map in messages. */
export class Options {
  readonly #values: ReadonlyMap<string, unknown>;
  readonly #at: string;

  constructor(values: unknown, at: string) {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw new ModelError(`${at} must be a map`);
    }
    this.#values = new Map(Object.entries(values));
    this.#at = at;
  }

  /** A finite number, at least `least`. */
  number(key: string, least = -Infinity): number {
    const value = this.#values.get(key);
    if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value;
    throw this.#wrong(key, least === -Infinity ? 'a number' : `a number of at least ${least}`);
  }

  /** A safe integer, at least `least`. */
  integer(key: string, least = 0): number {
    const value = this.#values.get(key);
    if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
    throw this.#wrong(key, `an integer of at least ${least}`);
  }

  /** A string that is not empty. */
  string(key: string): string {
    const value = this.#values.get(key);
    if (typeof value === 'string' && value !== '') return value;
    throw this.#wrong(key, 'a text');
  }

  /** One of `choices`. */
  choice<const T extends string>(key: string, choices: readonly T[]): T {
    const value = choices.find((one) => one === this.#values.get(key));
    if (value !== undefined) return value;
    throw this.#wrong(key, `one of ${choices.join(', ')}`);
  }

  /** A list of strings, not empty. */
  strings(key: string): string[] {
    const value = this.#values.get(key);
    if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string')) return value;
    throw this.#wrong(key, 'a list of texts');
  }

  /** A list of integers, each at least `least`, not empty. */
  integers(key: string, least = 0): number[] {
    const value: unknown = this.#values.get(key);
    const fits = (one: unknown): one is number => Number.isSafeInteger(one) && (one as number) >= least;
    if (Array.isArray(value) && value.length > 0 && value.every(fits)) return value;
    throw this.#wrong(key, `a list of integers of at least ${least}`);
  }

  /** The map under a key. */
  map(key: string): Options {
    return new Options(this.#values.get(key), `${this.#at}.${key}`);
  }

  /** The map as plain data. */
  raw(): Record<string, unknown> {
    return Object.fromEntries(this.#values);
  }

  #wrong(key: string, wanted: string): ModelError {
    const value = this.#values.get(key);
    const found = value === undefined ? 'it is missing' : `it is ${JSON.stringify(value)}`;
    return new ModelError(`${this.#at}.${key} must be ${wanted}; ${found}`);
  }
}
