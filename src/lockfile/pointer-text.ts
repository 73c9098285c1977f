import { canonical } from '../kit/canonical.ts';
import type { Value } from '../kit/value.ts';
import type { Import, Told, UrlImport } from './pointer-import.ts';
import { TOLD_FIELDS } from './pointer-import.ts';
import type { Pointer, PointerOut } from './pointer.ts';
import { POINTER_SCHEMA } from './pointer.ts';

/** The text of a new pointer file. `parsePointer` reads back the very same pointer. */
export function pointerText(pointer: Pointer): string {
  const { wdir, frozen, desc, imported, out, meta } = pointer;
  const lines = [
    ...line('schema', POINTER_SCHEMA),
    ...line('wdir', wdir),
    ...line('frozen', frozen),
    ...line('desc', desc),
    ...(imported === undefined ? [] : ['deps:', ...listItem(importLines(imported))]),
    'outs:',
    ...listItem(outLines(out)),
    ...line('meta', meta),
  ];
  return `${lines.join('\n')}\n`;
}

/** The text of a pointer of an import that was not downloaded yet. */
export function pendingText(imported: UrlImport, path: string): string {
  const deps = ['deps:', ...listItem(importLines(imported))];
  return `${[...line('schema', POINTER_SCHEMA), ...deps, 'outs:', ...listItem(line('path', path))].join('\n')}\n`;
}

/** Lines as the one entry of a list. */
function listItem(lines: readonly string[]): string[] {
  return lines.map((each, index) => `${index === 0 ? '  - ' : '    '}${each}`);
}

function importLines(imported: Import): string[] {
  if (imported.kind === 'repo') {
    const { path, url, rev, revLock, remote } = imported;
    const repo = [...line('url', url), ...line('rev', rev), ...line('rev_lock', revLock), ...line('remote', remote)];
    return [...line('path', path), 'repo:', ...repo.map((each) => `  ${each}`)];
  }
  return [...line('path', imported.url), ...toldFields(imported).map(([name, text]) => `${name}: ${text}`)];
}

/** What a place told of data, as it is written into a pointer. */
export function toldFields(told: Told): [name: string, text: string][] {
  return TOLD_FIELDS.flatMap((name) => {
    const value = told[name];
    if (value === undefined) return [];
    return [[name, typeof value === 'string' ? scalarText(value) : String(value)]];
  });
}

function outLines(out: PointerOut): string[] {
  return [
    ...line('path', out.path),
    ...line('digest', out.digest),
    ...line('size', BigInt(out.size)),
    ...line('files', out.files === undefined ? undefined : BigInt(out.files)),
    ...line('exec', out.exec),
    ...line('link', out.link),
    ...line('cache', out.cache),
    ...line('persist', out.persist),
    ...line('push', out.push),
    ...line('remote', out.remote),
    ...line('desc', out.desc),
    ...line('type', out.type),
    ...line('labels', out.labels),
    ...line('meta', out.meta),
  ];
}

function line(key: string, value: Value | undefined): string[] {
  return value === undefined ? [] : [`${key}: ${typeof value === 'string' ? scalarText(value) : flowText(value)}`];
}

/** Letters, digits and a few signs, not read as anything but a text: most paths need no quotes. */
const PLAIN = /^(?!(?:null|true|false|yes|no|on|off|y|n)$)[\p{L}_][\p{L}\p{N}_./@+-]*(?: [\p{L}\p{N}_./@+-]+)*$/iu;
const DIGEST = /^b3:[0-9a-f]+$/;

/** A text as people write it. */
export function scalarText(value: string): string {
  return PLAIN.test(value) || DIGEST.test(value) ? value : flowText(value);
}

/** What stands raw in JSON but is no character of YAML, or ends a line somewhere. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Any value in one line. */
function flowText(value: Value): string {
  // Such characters occur inside quotes alone.
  return canonical(value).replace(UNPRINTABLE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
