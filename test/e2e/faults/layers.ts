import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Rig } from '../../rig/rig.ts';

/** Two numbers in `params.yaml`: each makes the two stages stale that read it, and all that need those. */
export interface Settings {
  readonly left: number;
  readonly right: number;
}

interface Layered {
  readonly needs: readonly string[];
  readonly param?: keyof Settings;
  /** What it makes: a file, a folder with three files, or a file into which a child writes rubbish meanwhile. */
  readonly makes: 'file' | 'folder' | 'stubborn';
}

/** Twelve stages in five layers; any two of a layer may run at once. */
const STAGES: Readonly<Record<string, Layered>> = {
  a1: { needs: [], param: 'left', makes: 'file' },
  a2: { needs: [], param: 'left', makes: 'folder' },
  a3: { needs: [], param: 'right', makes: 'stubborn' },
  a4: { needs: [], param: 'right', makes: 'folder' },
  b1: { needs: ['a1', 'a2'], makes: 'folder' },
  b2: { needs: ['a2', 'a3'], makes: 'file' },
  b3: { needs: ['a4'], makes: 'file' },
  c1: { needs: ['b1', 'a1'], makes: 'stubborn' },
  c2: { needs: ['b2', 'b3'], makes: 'folder' },
  d1: { needs: ['c1', 'c2'], makes: 'folder' },
  d2: { needs: ['c2'], makes: 'file' },
  e: { needs: ['d1', 'd2'], makes: 'file' },
};

/** Tells the file that counts who has started it, then copies what it needs, in pieces, into what it makes. */
const SCRIPT = `\
name=$1 kind=$2 setting=$3
shift 3
echo "$PPID $name" >> "$COUNTER"
words() {
  echo "$name $setting"
  for dep in "$@"; do
    if [ -d "out/$dep" ]; then cat "out/$dep/1" "out/$dep/2" "out/$dep/deep/3"; else cat "out/$dep"; fi
  done
}
case $kind in
file)
  echo half > "out/$name"
  words "$@" > "out/$name"
  ;;
folder)
  mkdir -p "out/$name/deep"
  echo half > "out/$name/2"
  words "$@" > "out/$name/1"
  echo "$name two $setting" > "out/$name/2"
  echo "$name three $setting" > "out/$name/deep/3"
  ;;
stubborn)
  trap '' TERM
  # Apart from the group, so that no signal to it gets there; longer when pipe was killed.
  setsid sh -c '
    trap "" TERM PIPE
    left=3
    while [ $left -gt 0 ]; do
      echo rubbish >> "out/$0"
      sleep 0.01
      left=$((left - 1))
      if [ $left -eq 0 ] && [ -z "$orphan" ] && ! kill -0 "$1" 2>/dev/null; then orphan=yes left=20; fi
    done' "$name" "$PPID" &
  wait
  words "$@" > "out/$name"
  ;;
esac
`;

/** How the project is run: as many stages at once as fit, telling what happens. */
export const REPRO = ['repro', '-j', '4', '--json'] as const;

/** A project whose stages are quick and whose every byte is known beforehand. */
export class LayeredProject {
  readonly #rig: Rig;
  readonly #counter: string;

  private constructor(rig: Rig, counter: string) {
    this.#rig = rig;
    this.#counter = counter;
  }

  static async create(rig: Rig): Promise<LayeredProject> {
    const project = new LayeredProject(rig, join(rig.project, '../counter'));
    await writeFile(project.#counter, '');
    await mkdir(rig.path('out'));
    await rig.git('init');
    await rig.pipe(['init']);
    await rig.write({ 'make.sh': SCRIPT });
    await project.define();
    return project;
  }

  /** Writes the pipeline file, with further stages. */
  async define(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const stages = Object.entries(STAGES).map(([name, { needs, param, makes }]) => [
      name,
      {
        cmd: `sh make.sh ${name} ${makes} ${param === undefined ? '-' : `\${${param}}`} ${needs.join(' ')}`,
        deps: ['make.sh', ...needs.map((need) => `out/${need}`)],
        ...(param === undefined ? {} : { params: [param] }),
        outs: [`out/${name}`],
      },
    ]);
    await this.#rig.write({ 'pipeline.yaml': { stages: { ...Object.fromEntries(stages), ...more } } });
  }

  /** What its commands see beside the rig's environment. */
  get env(): Record<string, string> {
    return { COUNTER: this.#counter };
  }

  async set(settings: Settings): Promise<void> {
    await this.#rig.write({ 'params.yaml': `left: ${settings.left}\nright: ${settings.right}\n` });
  }

  /** Brings everything up to date; `started` has the stages whose commands it started. */
  async repro(): Promise<{ code: number | null; stdout: string; stderr: string; started: string[] }> {
    const running = this.#rig.spawn(REPRO, { env: this.env });
    const { code, stdout, stderr } = await running.done;
    const calls = (await readFile(this.#counter, 'utf8')).split('\n').map((line) => line.split(' '));
    const started = calls.flatMap(([pid, name = '']) => (pid === String(running.pid) ? [name] : []));
    return { code, stdout, stderr, started };
  }

  /** What lies below `out` but must not, lacks, or holds other bytes than it should. */
  async wrongOuts(settings: Settings): Promise<string[]> {
    const wanted = wantedFiles(settings);
    const found = (await this.#rig.files('out')).filter((file) => file !== '.gitignore');
    const extra = found.filter((file) => !wanted.has(file));
    const wrong = [...wanted].map(async ([file, text]) => {
      const bytes = found.includes(file) ? await this.#rig.read(join('out', file)) : 'nothing';
      return bytes === text ? [] : [`${file} holds ${JSON.stringify(bytes)}, not ${JSON.stringify(text)}`];
    });
    return [...extra.map((file) => `${file} is left over`), ...(await Promise.all(wrong)).flat()];
  }

  /** What processes leave in `.pipe/tmp` only while they run, and temporary files anywhere in the workspace. */
  async leftovers(): Promise<string[]> {
    const folders = ['claims', 'journal'].map((name) => this.#rig.path('.pipe/tmp', name));
    const inTmp = await Promise.all(folders.map(async (folder) => (existsSync(folder) ? readdir(folder) : [])));
    const temporary = (await this.#rig.files()).filter((file) => file.includes('.pipe-tmp-'));
    return [...inTmp.flat(), ...temporary];
  }
}

function wantedFiles(settings: Settings): Map<string, string> {
  const files = new Map<string, string>();
  for (const [name, { needs, param, makes }] of Object.entries(STAGES)) {
    const setting = param === undefined ? '-' : String(settings[param]);
    const words = needs.flatMap((need) => [...files].filter(([file]) => file === need || file.startsWith(`${need}/`)));
    const text = `${name} ${setting}\n${words.map(([, each]) => each).join('')}`;
    if (makes === 'folder') {
      files.set(`${name}/1`, text);
      files.set(`${name}/2`, `${name} two ${setting}\n`);
      files.set(`${name}/deep/3`, `${name} three ${setting}\n`);
    } else files.set(name, text);
  }
  return files;
}
