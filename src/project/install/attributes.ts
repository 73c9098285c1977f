import { lstatSync, readFileSync, rmSync } from 'node:fs';
import { writeFileAtomic } from '../../kit/atomic-file.ts';
import { byCodeUnit } from '../../kit/order.ts';
import { PipeError } from '../../problem/problem.ts';

/**
 * Which files Git hands to our merge driver. Of `.gitignore`, to which every newly tracked path adds a line, Git itself
 * keeps the lines of both sides.
 */
const LINES = ['*.pipe merge=pipe', '.gitignore merge=union', 'pipeline.lock merge=pipe'];

/**
 * Adds our lines to a `.gitattributes`, where they are missing: at its end, since later lines win. Lines of others keep
 * every byte.
 * @returns whether the file changed
 * @throws {PipeError} PIPE_FILE_WRITE, and where something else than a plain file lies there
 */
export function addAttributes(file: string): boolean {
  const text = readBytes(file);
  const there = new Set(linesOf(text).map(bare));
  const missing = LINES.filter((line) => !there.has(line)).sort(byCodeUnit);
  if (missing.length === 0) return false;
  const end = /\r\n/.test(text.slice(0, text.indexOf('\n') + 1)) ? '\r\n' : '\n';
  const open = text === '' || text.endsWith('\n') ? '' : end;
  writeBytes(file, text + open + missing.map((line) => line + end).join(''));
  return true;
}

/** Whether a text of a `.gitattributes` has our lines. */
export function hasAttributes(text: string): boolean {
  const there = new Set(linesOf(text).map(bare));
  return LINES.some((line) => there.has(line));
}

/** Takes our lines out again, and removes a file that holds nothing else. */
export function removeAttributes(file: string): boolean {
  const text = readBytes(file);
  const rest = linesOf(text)
    .filter((line) => !LINES.includes(bare(line)))
    .join('');
  if (rest === text) return false;
  if (rest === '') rmSync(file);
  else writeBytes(file, rest);
  return true;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

function bare(line: string): string {
  return line.trim().replace(/[ \t]+/g, ' ');
}

/** One character for each byte, so that whatever the file holds is written back as it was. */
function readBytes(file: string): string {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return '';
  if (stat.isFile()) return readFileSync(file, 'latin1');
  const message = `${file} is ${stat.isSymbolicLink() ? 'a symbolic link, which Git does not read' : 'not a file'}`;
  throw new PipeError({ code: 'PIPE_FILE_WRITE', message, hint: 'put a plain file in its place' });
}

function writeBytes(file: string, text: string): void {
  writeFileAtomic(file, Buffer.from(text, 'latin1'));
}
