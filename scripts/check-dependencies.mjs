/**
 * Holds the boundaries of `.dependency-cruiser.mjs`. Fails as well when it checked nothing, which a parser that does
 * not know the installed TypeScript would pass off as success. Takes another checkout's folder as its argument.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import rules from '../.dependency-cruiser.mjs';
import { isMain, ROOT } from './lib.mjs';

const FOLDERS = ['src', 'stages', 'model-creation', 'model-serving', 'test', 'bench'];

/**
 * Checks a checkout against the boundaries.
 * @returns {Promise<{ modules: number, violations: readonly string[] }>}
 * @throws {Error} when no import was seen at all
 */
export async function checkDependencies(root = ROOT) {
  const boundaries = await check(root, rules.boundaries, { tsPreCompilationDeps: true });
  const purity = await check(root, rules.purity, { tsPreCompilationDeps: false });
  const own = boundaries.modules.filter((module) => FOLDERS.includes(module.source.split('/')[0]));
  if (!own.some((module) => module.dependencies.length > 0)) throw new Error('no module was checked');
  const violations = [...boundaries.summary.violations, ...purity.summary.violations].map(describe);
  return { modules: own.length, violations };
}

async function check(root, forbidden, options) {
  const { output } = await cruise(
    FOLDERS.filter((folder) => existsSync(join(root, folder))),
    {
      ...options,
      baseDir: root,
      ruleSet: { forbidden },
      validate: true,
      doNotFollow: { path: 'node_modules' },
      tsConfig: { fileName: 'tsconfig.json' },
      enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    },
    undefined,
    { tsConfig: extractTSConfig(join(root, 'tsconfig.json')) },
  );
  return output;
}

function describe({ rule, from, to, cycle, via }) {
  const way = (cycle ?? via ?? []).map((step) => step.name).join(' → ');
  return `${rule.name}: ${from} → ${way === '' ? to : way}`;
}

if (isMain(import.meta.url)) {
  const { modules, violations } = await checkDependencies(process.argv[2]);
  for (const violation of violations) console.error(violation);
  console.log(`${modules} modules checked, ${violations.length} violations`);
  if (violations.length > 0) process.exitCode = 1;
}
