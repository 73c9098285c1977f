import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * The licence texts of the packages that went into a bundle, as their licences ask for.
 * @param {string} root the checkout
 * @param {readonly string[]} inputs the bundled files, relative to it
 * @throws {Error} when a package names no licence
 */
export async function noticesOf(root, inputs) {
  const folders = new Set(inputs.map(packageFolder).filter((folder) => folder !== undefined));
  const parts = [];
  for (const folder of [...folders].sort()) parts.push(await noticeOf(join(root, folder)));
  return parts.join(`\n${'-'.repeat(80)}\n\n`);
}

/** `node_modules/a/node_modules/@b/c/index.js` → `node_modules/a/node_modules/@b/c`. */
function packageFolder(input) {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input.split(sep).join('/'))?.[0];
}

async function noticeOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).find((each) => /^licen[cs]e/i.test(each));
  if (license === undefined && file === undefined)
    throw new Error(`${name}@${version} is bundled but names no licence`);
  const text = file === undefined ? '' : `\n${(await readFile(join(folder, file), 'utf8')).trim()}\n`;
  return `${name}@${version} (${license ?? 'see below'})\n${text}`;
}
