import { redactUrls } from '../problem/redact.ts';
import type { Setting } from '../project/config-file.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { levelOf, settingsOf } from './config.ts';
import { LEVEL_OPTIONS } from './remote-options.ts';

const URL_OF = /^remote\.([^.]+)\.url$/;

export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: true,
  details: 'Lists the remotes of all levels, or of one; URLs as they are written, without passwords.',
  options: LEVEL_OPTIONS,
  run(context, { options }): Promise<Outcome> {
    const settings = settingsOf(context, levelOf(options));
    const last = (name: string): Setting | undefined => settings.findLast((each) => each.name === name);
    const standard = last('core.remote')?.content;
    const names = [...new Set(settings.flatMap(({ name }) => URL_OF.exec(name)?.[1] ?? []))];
    const remotes = names.flatMap((name) => {
      const setting = last(`remote.${name}.url`);
      if (setting === undefined) return [];
      const { content, level, at } = setting;
      const url = redactUrls(String(content));
      return [{ name, url, default: name === standard, level, file: at.source.file }];
    });
    return Promise.resolve({
      text: remotes.map((each) => `${each.name}\t${each.url}${each.default ? '\t(default)' : ''}`).join('\n'),
      json: { schema: 'pipe.remote-list/1', remotes },
    });
  },
});
