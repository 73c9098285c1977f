/** One option of the configuration. `help` is one line, for `pipe config --help` and docs/configuration.md. */
export type OptionSpec = (
  | { readonly kind: 'boolean'; readonly default?: boolean }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number; readonly default?: number }
  | { readonly kind: 'text'; readonly default?: string; readonly form?: TextForm }
  | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default: string }
  | { readonly kind: 'choices'; readonly choices: readonly string[]; readonly default: readonly string[] }
  /** Names of environment variables. */
  | { readonly kind: 'variables'; readonly default?: readonly string[] }
) & {
  readonly help: string;
  /** Refused in the project's config file, which Git tracks. */
  readonly secret?: true;
  /** Refused there too: whoever wrote that file must not decide about it. */
  readonly own?: true;
};

/** What a text has to look like. */
interface TextForm {
  readonly pattern: RegExp;
  /** What is wrong with a text that does not, as a clause. */
  readonly wrong: string;
}

/** What an option can hold once it is read. */
export type OptionContent = boolean | number | string | readonly string[];

const MAX_JOBS = 10_000;

/** Every option with a fixed name. */
export const OPTIONS = {
  'core.jobs': { kind: 'integer', min: 1, max: MAX_JOBS, help: 'stages that run at once; default: one per core' },
  'core.autostage': { kind: 'boolean', default: false, help: '`git add` the files that pipe writes for Git' },
  'core.no_scm': { kind: 'boolean', default: false, help: 'leave Git alone, also inside a Git work tree' },
  'core.env': {
    kind: 'variables',
    own: true,
    help: 'environment variables that files in Git may ask for; never in the project level',
  },
  'core.remote': { kind: 'text', help: 'name of the remote that is used unless another one is asked for' },
  'cache.dir': { kind: 'text', help: 'folder of the cache, absolute or relative to .pipe; default: cache' },
  'cache.type': {
    kind: 'choices',
    choices: ['reflink', 'hardlink', 'symlink', 'copy'],
    default: ['reflink', 'copy'],
    help: 'how files come out of the cache: the first way that the disk can do',
  },
  'cache.shared': {
    kind: 'choice',
    choices: ['private', 'group'],
    default: 'private',
    help: 'who writes into the cache: its owner, or all of the group that its folder belongs to',
  },
  'signing.key': { kind: 'text', help: 'file with the private key that run records are signed with' },
  'parsing.bool': {
    kind: 'choice',
    choices: ['store_true', 'boolean_optional'],
    default: 'store_true',
    help: 'how `${map}` in a command writes booleans: --flag, or --flag and --no-flag',
  },
  'parsing.list': {
    kind: 'choice',
    choices: ['nargs', 'append'],
    default: 'nargs',
    help: 'how `${map}` in a command writes lists: --flag a b, or --flag a --flag b',
  },
} as const satisfies Record<string, OptionSpec>;

/** The options of one remote: `remote.<name>.<option>`. */
export const REMOTE_OPTIONS = {
  url: { kind: 'text', help: 's3://bucket/prefix, file:///folder, or a folder; https://host/path to read from' },
  jobs: { kind: 'integer', min: 1, max: MAX_JOBS, help: 'transfers at once' },
  region: { kind: 'text', help: 'region of the bucket' },
  profile: { kind: 'text', help: 'profile of the AWS files below' },
  credentialpath: { kind: 'text', help: 'AWS credentials file' },
  configpath: { kind: 'text', help: 'AWS config file' },
  endpointurl: { kind: 'text', help: 'address of an S3 server that is not AWS' },
  access_key_id: { kind: 'text', secret: true, help: 'access key' },
  secret_access_key: { kind: 'text', secret: true, help: 'secret key' },
  session_token: { kind: 'text', secret: true, help: 'token of a temporary key' },
  auth: {
    kind: 'choice',
    choices: ['basic', 'digest', 'bearer', 'custom'],
    default: 'basic',
    help: 'of a web server: whether the password is that of a user, shown or proved, a token, or what a header of its own holds',
  },
  user: { kind: 'text', help: 'of a web server: its user' },
  password: { kind: 'text', secret: true, help: 'of a web server: the password, the token, or what the header holds' },
  origin: {
    kind: 'text',
    own: true,
    form: { pattern: /^https?:\/\/[^/?#@\s]+$/i, wrong: 'it takes the beginning of a URL: https://HOST' },
    help: 'of a web server: https://host that the password is for; written with it, never in the project level',
  },
  custom_auth_header: {
    kind: 'text',
    form: { pattern: /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, wrong: 'it takes the name of a header' },
    help: 'of a web server, with auth = custom: the name of the header',
  },
  method: {
    kind: 'choice',
    choices: ['POST', 'PUT'],
    default: 'POST',
    help: 'of a web server: how DVC uploads there; pipe only reads',
  },
  allow_anonymous_login: { kind: 'boolean', default: false, help: 'read without credentials' },
  use_ssl: { kind: 'boolean', default: true, help: 'https rather than http' },
  ssl_verify: { kind: 'text', help: 'false, or a file with the certificates to trust; of buckets and web servers' },
  sse: {
    kind: 'text',
    form: { pattern: /^(?:AES256|aws:kms(?::dsse)?)$/, wrong: 'it takes AES256, aws:kms or aws:kms:dsse' },
    help: 'server-side encryption: AES256, aws:kms or aws:kms:dsse',
  },
  sse_kms_key_id: { kind: 'text', help: 'key for aws:kms' },
  acl: { kind: 'text', help: 'access policy of what is uploaded' },
  connect_timeout: { kind: 'integer', min: 1, max: 3600, help: 'seconds to wait for a connection; default: 20' },
  read_timeout: {
    kind: 'integer',
    min: 1,
    max: 3600,
    help: 'seconds without a byte to wait for an answer; default: 60',
  },
} as const satisfies Record<string, OptionSpec>;

/** A signer whose run records are believed: `signers.<name>`. */
export const SIGNER_OPTION = {
  kind: 'text',
  form: {
    pattern: /^ed25519:[A-Za-z0-9+/=_-]+$/,
    wrong: 'it takes a public key, which begins with ed25519: (see `pipe key new`)',
  },
  help: 'public key of a signer whose run records are trusted',
} as const satisfies OptionSpec;

export type OptionName = keyof typeof OPTIONS;
export type RemoteOptionName = keyof typeof REMOTE_OPTIONS;

/** The type of what an option holds; without a default it may be unset. */
export type ContentOf<S extends OptionSpec> = S extends { readonly default: unknown }
  ? ContentOfKind<S>
  : ContentOfKind<S> | undefined;

type ContentOfKind<S extends OptionSpec> = S extends { kind: 'boolean' }
  ? boolean
  : S extends { kind: 'integer' }
    ? number
    : S extends { kind: 'choice'; choices: readonly (infer C)[] }
      ? C
      : S extends { kind: 'choices'; choices: readonly (infer C)[] }
        ? readonly C[]
        : S extends { kind: 'variables' }
          ? readonly string[]
          : string;

/** Names of remotes go into `remote.<name>.<option>` and onto command lines. */
const REMOTE = /^remote\.([A-Za-z0-9_-]+)\.([a-z_]+)$/;

const SIGNER = /^signers\.[A-Za-z0-9_-]+$/;

/** The option that a dotted name stands for; `undefined` when there is none. */
export function optionOf(name: string): OptionSpec | undefined {
  const remote = REMOTE.exec(name)?.[2];
  if (remote !== undefined) return own<OptionSpec>(REMOTE_OPTIONS, remote);
  return SIGNER.test(name) ? SIGNER_OPTION : own<OptionSpec>(OPTIONS, name);
}

/** Every name that could have been meant where `written` stands, for "did you mean". */
export function optionNamesNear(written: string): readonly string[] {
  if (!written.includes('.')) return ['core', 'cache', 'signing', 'signers', 'parsing', 'remote'];
  const [section = '', remote = ''] = written.split('.');
  if (section !== 'remote' || remote === '') return Object.keys(OPTIONS);
  return Object.keys(REMOTE_OPTIONS).map((option) => `remote.${remote}.${option}`);
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
