import type { Config } from '../project/config.ts';
import { readConfigText } from '../project/config-file.ts';
import type { RemoteOptionName } from '../project/option.ts';
import { OPTIONS, REMOTE_OPTIONS } from '../project/option.ts';
import { hasPlaceholder } from '../project/option-value.ts';
import { PipeError } from '../problem/problem.ts';

/** What of a remote is taken from a stranger's configuration: where it is. What opens doors comes from here. */
const TAKEN: ReadonlySet<RemoteOptionName> = new Set<RemoteOptionName>([
  'url',
  'region',
  'endpointurl',
  'use_ssl',
  'allow_anonymous_login',
]);

/**
 * The configuration of a project in another repository, which a stranger may have written: only its default remote, and
 * where its remotes are. No variable of this environment is put into it, and what cannot be read counts as not said.
 * @param label what messages call the file
 */
export function sourceConfig(text: string, label: string): Config {
  const { settings: all } = readConfigText({ path: label, level: 'project', label }, text);
  const settings = all.filter(({ name }) => {
    const [section, , option] = name.split('.');
    return name === 'core.remote' || (section === 'remote' && TAKEN.has(option as RemoteOptionName));
  });
  const content = (name: string): unknown => {
    const setting = settings.findLast((each) => each.name === name);
    if (typeof setting?.content !== 'string' || !hasPlaceholder(setting.content)) return setting?.content;
    throw new PipeError({
      code: 'PIPE_REMOTE_URL',
      message: `${label} takes ${name} from the environment, which another repository is not given`,
      hint: 'add the remote here: `pipe remote add --local NAME URL`, and name it with --remote NAME',
    });
  };
  return {
    get: (name) => (content(name) ?? defaultOf(OPTIONS[name])) as never,
    remote: (remote, name) => (content(`remote.${remote}.${name}`) ?? defaultOf(REMOTE_OPTIONS[name])) as never,
    remotes: () => [...new Set(settings.flatMap(({ name }) => /^remote\.([^.]+)\./.exec(name)?.[1] ?? []))],
    // Whom to believe is decided here: no run record of a stranger is taken.
    signers: () => [],
    signer: () => undefined,
    allowed: () => new Set(),
    settings: () => settings,
  };
}

function defaultOf(spec: object): unknown {
  return 'default' in spec ? spec.default : undefined;
}
