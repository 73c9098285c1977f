/** Links every file of a folder of folders into another one, looks at each link, and does nothing else. */
import { linkSync, mkdirSync, readdirSync, statSync } from 'node:fs';

const [source, target] = process.argv.slice(2);
mkdirSync(target);
for (const folder of readdirSync(source)) {
  mkdirSync(`${target}/${folder}`);
  for (const name of readdirSync(`${source}/${folder}`)) {
    linkSync(`${source}/${folder}/${name}`, `${target}/${folder}/${name}`);
    statSync(`${target}/${folder}/${name}`);
  }
}
