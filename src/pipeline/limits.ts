import type { YamlNode } from '../kit/format/yaml/node.ts';
import { lookUp } from '../kit/format/yaml/node.ts';
import { describe } from './check.ts';
import type { Resources, Retry } from './model.ts';
import type { Report } from './report.ts';

/** What a machine has to give. */
export interface Machine {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly gpus?: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A timer cannot wait longer. */
const MAX_MS = 2 ** 31 - 1;

/** `90`, `90s`, `1h30m` in milliseconds. */
function readDuration(node: YamlNode | undefined, name: string, report: Report): number | undefined {
  const value = node?.kind === 'scalar' ? node.value : undefined;
  if (node === undefined || report.isFaulty(node)) return undefined;
  const ms =
    typeof value === 'string' ? durationText(value) : typeof value === 'boolean' ? NaN : Number(value ?? NaN) * 1000;
  if (ms >= 0 && ms <= MAX_MS) return Math.round(ms);
  const message =
    ms > MAX_MS
      ? `${name} is longer than 24 days`
      : `${name} must be a duration such as 90s, 10m or 2h, found ${describe(node)}`;
  report.add('PIPE_FIELD_VALUE', node, message);
  return undefined;
}

function durationText(text: string): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    sum += Number(count) * (UNIT_MS[unit] ?? NaN);
  return /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text) ? sum : NaN;
}

/** The time limit of a stage; zero makes no sense. */
export function readTimeout(node: YamlNode | undefined, report: Report): number | undefined {
  const ms = readDuration(node, 'timeout', report);
  if (ms !== 0 || node === undefined) return ms;
  report.add('PIPE_FIELD_VALUE', node, 'timeout must be greater than 0');
  return undefined;
}

/** `retry: 3`, or `{count, delay, factor, max_delay}`. */
export function readRetry(node: YamlNode | undefined, report: Report): Retry | undefined {
  if (node === undefined) return undefined;
  const field = (name: string) => lookUp(node, name)?.value;
  const count = readNumber(node.kind === 'map' ? field('count') : node, { name: 'count', min: 0, whole: true }, report);
  if (count === undefined) return undefined;
  return {
    count,
    delayMs: readDuration(field('delay'), 'delay', report) ?? 1000,
    factor: readNumber(field('factor'), { name: 'factor', min: 1 }, report) ?? 2,
    maxDelayMs: readDuration(field('max_delay'), 'max_delay', report) ?? 60_000,
  };
}

/** What a stage occupies; more than the machine has is a problem. */
export function readResources(node: YamlNode | undefined, machine: Machine | undefined, report: Report): Resources {
  const field = (name: string) => lookUp(node, name)?.value;
  const cpus = readNumber(field('cpus'), { name: 'cpus', min: Number.MIN_VALUE }, report) ?? 1;
  const gpus = readNumber(field('gpus'), { name: 'gpus', min: 0, whole: true }, report) ?? 0;
  const memoryBytes = readMemory(field('memory'), report);
  if (machine !== undefined) {
    const refuse = (name: string, wanted: string, has: string): void => {
      const at = lookUp(node, name)?.value;
      if (at)
        report.add('PIPE_RESOURCES', at, {
          message: `the stage wants ${wanted}, this machine has ${has}`,
          hint: 'ask for less, or run it elsewhere',
        });
    };
    if (cpus > machine.cpus) refuse('cpus', `${String(cpus)} cpus`, String(machine.cpus));
    if (gpus > (machine.gpus ?? Infinity)) refuse('gpus', `${String(gpus)} gpus`, String(machine.gpus));
    if ((memoryBytes ?? 0) > machine.memoryBytes)
      refuse('memory', gibibytes(memoryBytes ?? 0), gibibytes(machine.memoryBytes));
  }
  return { cpus, gpus, ...(memoryBytes === undefined ? {} : { memoryBytes }) };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB of memory`;
}

interface NumberField {
  readonly name: string;
  readonly min: number;
  readonly whole?: true;
}

function readNumber(node: YamlNode | undefined, { name, min, whole }: NumberField, report: Report): number | undefined {
  if (node === undefined || report.isFaulty(node)) return undefined;
  const value =
    node.kind === 'scalar' && (typeof node.value === 'bigint' || typeof node.value === 'number')
      ? Number(node.value)
      : NaN;
  if (value >= min && Number.isFinite(value) && (whole !== true || Number.isInteger(value))) return value;
  const wanted =
    whole === true
      ? `a whole number, at least ${String(min)}`
      : `a number, ${min >= 1 ? `at least ${String(min)}` : 'greater than 0'}`;
  report.add('PIPE_FIELD_VALUE', node, `${name} must be ${wanted}, found ${describe(node)}`);
  return undefined;
}

const PREFIXES = ['', 'k', 'm', 'g', 't'];

/** Bytes; `4GB` counts in thousands, `512MiB` in 1024s, a bare letter as in `4G` in thousands too. */
function readMemory(node: YamlNode | undefined, report: Report): number | undefined {
  if (node === undefined || report.isFaulty(node)) return undefined;
  const text =
    node.kind === 'scalar' && typeof node.value !== 'boolean' && node.value !== null ? String(node.value) : '';
  const [, count, prefix = '', binary] = /^(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)B?$/.exec(text) ?? [];
  const bytes = Number(count ?? NaN) * (binary === 'i' ? 1024 : 1000) ** PREFIXES.indexOf(prefix.toLowerCase());
  if (bytes >= 1 && Number.isSafeInteger(Math.floor(bytes))) return Math.floor(bytes);
  report.add('PIPE_FIELD_VALUE', node, `memory must be an amount such as 4GB or 512MiB, found ${describe(node)}`);
  return undefined;
}
