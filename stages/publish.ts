import { readFile } from 'node:fs/promises';
import { chooseBackend } from '../model-creation/src/backend/backend.ts';
import { Options } from '../model-creation/src/options.ts';
import { readManifest } from '../model-creation/src/prepare/store.ts';
import { publish } from '../model-creation/src/publish/publish.ts';
import { runStage } from './run-stage.ts';

await runStage(async ({ params, progress, at }) => {
  const options = params.map('publish');
  const wanted = process.env.PIPE_BACKEND ?? params.map('train').string('backend');
  progress.note(`backend: ${(await chooseBackend({ wanted })).label}`);
  const metrics: unknown = JSON.parse(await readFile(at('metrics.json'), 'utf8'));
  const units = options.map('units');
  const { name, version } = await publish({
    from: at('model'),
    to: at('model-serving', 'model'),
    name: options.string('name'),
    units: Object.fromEntries(Object.keys(units.raw()).map((feature) => [feature, units.string(feature)])),
    manifest: await readManifest(at('data', 'prepared', 'fit')),
    metrics: new Options(metrics, 'metrics.json').raw(),
  });
  progress.step(1, `published ${name} ${version}`);
});
