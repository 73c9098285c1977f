/** A small project for the comparison with DVC. */
export interface CorpusProject {
  readonly name: string;
  /** Path → text; the pipeline is `dvc.yaml` unless `file` says otherwise. */
  readonly files: Readonly<Record<string, string>>;
  readonly file?: string;
  /** DVC configuration, by section. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Both read them, and mean the same. */
export const GOOD: readonly CorpusProject[] = [
  one('a plain stage', 'stages:\n  a:\n    cmd: echo hi > out\n    deps: [in]\n    outs: [out]\n'),
  one('an empty file', ''),
  one('only comments', '# nothing\n---\n'),
  one('no stages', 'stages: {}\n'),
  one('a list of commands', 'stages:\n  a:\n    cmd:\n      - echo 1\n      - echo "2 3"\n'),
  one(
    'block scalars, folded texts and plain texts over several lines',
    `stages:
  a:
    cmd: |
      echo 1
      echo 2
  b:
    cmd: >-
      python train.py
      --lr 1

      --more
  c:
    cmd: python train.py
      --lr 1
      --epochs 2
`,
  ),
  one(
    'every flag of an out',
    `stages:
  a:
    cmd: make
    outs:
      - plain
      - cached: {cache: true, persist: true, push: false, remote: r1}
      - noted: {desc: a text, type: model, labels: [x, y], meta: {a: 1, b: [2.5, true]}, checkpoint: true}
      - merged: {cache: false}
      - merged: {persist: true}
      - merged
    metrics:
      - m.json: {cache: false}
      - n.json
    plots:
      - p.csv: {x: step, y: loss, x_label: X, y_label: Y, title: T, template: linear, header: false, cache: false}
      - q.png
`,
  ),
  one(
    'flags of a stage',
    'stages:\n  a:\n    cmd: x\n    frozen: true\n    always_changed: true\n    desc: text\n    meta: [1, {b: 2.0}]\n',
  ),
  one(
    'wdir and paths relative to it',
    'stages:\n  a:\n    cmd: x\n    wdir: sub/dir\n    deps: [../x, ./y/, z/../w, ../../top, /abs/path]\n    outs: [o, ../sib/p, ../dir/q]\n    params: [k, ../p.json: [a]]\n',
  ),
  {
    name: 'a pipeline in a subfolder',
    file: 'sub/dvc.yaml',
    files: {
      'sub/dvc.yaml':
        'vars: [v.yaml]\nstages:\n  a:\n    cmd: x ${v} ${p}\n    wdir: deep\n    deps: [../../in, f]\n    outs: [out]\n    params: [p]\nmetrics: [m.json]\n',
      'sub/v.yaml': 'v: 1\n',
      'sub/params.yaml': 'p: 2\n',
      'sub/deep/params.yaml': 'p: 3\n',
    },
  },
  one('URLs as deps', 'stages:\n  a:\n    cmd: x\n    deps: [https://example.com/x, "ds://data", "a:b"]\n'),
  one(
    'params in every form',
    'stages:\n  a:\n    cmd: x\n    params: [a, b.c, a, p.json: [x.y], q.toml: , r.py: [A, B.c], p.json: [z]]\n'.replace(
      ', p.json: [z]',
      '',
    ),
  ),
  one(
    'params of one file in several items',
    'stages:\n  a:\n    cmd: x\n    params:\n      - p.json: [x]\n      - y\n      - p.json: [z, x]\n      - params.yaml: [w]\n',
  ),
  one(
    'a whole file wins over keys',
    'stages:\n  a:\n    cmd: x\n    params:\n      - y\n      - p.json: [z]\n      - params.yaml:\n      - p.json: []\n',
  ),
  one('params.yaml is read without being named', 'stages:\n  a:\n    cmd: x ${a.b} ${c[1]} ${c.0} ${ d }\n', {
    'params.yaml': 'a: {b: 1}\nc: [x, y]\nd: z\n',
  }),
  one(
    'kinds survive a whole ${}',
    'stages:\n  a:\n    cmd: x\n    meta: {i: "${i}", f: "${f}", t: "${t}", n: "${n}", s: "${s}", e: "${e}", big: "${big}", l: a}\n',
    { 'params.yaml': 'i: 1\nf: 2.0\nt: true\nn: null\ns: "1"\ne: 1e-5\nbig: 123456789012345678901234567890\n' },
  ),
  one(
    'scalars inside a text',
    'stages:\n  a:\n    cmd: x ${i} ${f} ${t} ${n} ${s} ${e} ${g} ${h} ${k} ${z} ${inf} ${nan} ${neg}\n',
    {
      'params.yaml':
        'i: 1\nf: 2.0\nt: true\nn: null\ns: "1"\ne: 1e-5\ng: 1e16\nh: 0.0001\nk: 123456789.123\nz: -0.0\ninf: .inf\nnan: .nan\nneg: -.inf\n',
    },
  ),
  one('escapes', "stages:\n  a:\n    cmd: 'echo \\${x} ${y} $HOME $${y} {y}'\n    deps: ['\\${z}']\n", {
    'params.yaml': 'y: 1\n',
  }),
  one(
    'two templates side by side',
    'stages:\n  a:\n    cmd: ${x}${x}-${x}\n    wdir: w${x}\n    outs: ["${x}/${x}.txt": {cache: false, desc: "${x}"}]\n',
    { 'params.yaml': 'x: v\n' },
  ),
  one(
    'vars inline, from files and by key',
    'vars:\n  - a: {b: 1}\n  - v.json\n  - w.toml:k,l\n  - u.py\nstages:\n  s:\n    cmd: x ${a.b} ${j} ${k} ${l.m} ${P} ${C.d}\n',
    {
      'v.json': '{"j": [1, 2.0]}'.replace('[1, 2.0]', '7'),
      'w.toml': 'k = 1\nother = 2\n[l]\nm = 2.5\n',
      'u.py': 'P = 3\nclass C:\n    d = "x"\n',
    },
  ),
  one(
    'vars that are merged deeply',
    'vars:\n  - a: {b: {c: 1}}\n  - a: {b: {d: 2}, e: 3}\n  - v.yaml\nstages:\n  s:\n    cmd: x ${a.b.c} ${a.b.d} ${a.e} ${a.f}\n',
    { 'v.yaml': 'a: {f: 4}\n', 'params.yaml': 'a: {g: 5}\n' },
  ),
  one('a file named twice as a whole', 'vars: [v.yaml, v.yaml, params.yaml]\nstages:\n  s:\n    cmd: x ${a}\n', {
    'v.yaml': 'a: 1\n',
    'params.yaml': 'b: 2\n',
  }),
  one('keys of one file in two items', 'vars: ["v.yaml:a", "v.yaml:b"]\nstages:\n  s:\n    cmd: x ${a} ${b}\n', {
    'v.yaml': 'a: 1\nb: 2\nc: 3\n',
  }),
  one(
    'vars of a stage',
    'vars: [{a: 1}]\nstages:\n  s:\n    vars: [v.yaml, {c: 3}]\n    wdir: sub\n    cmd: x ${a} ${b} ${c}\n  t:\n    vars: [{c: 4}]\n    cmd: x ${c}\n',
    { 'sub/v.yaml': 'b: 2\n' },
  ),
  one(
    'vars of a stage in a templated wdir',
    'vars: [{w: sub}]\nstages:\n  s:\n    vars: ["v.yaml:b"]\n    wdir: ${w}\n    cmd: x ${b}\n',
    { 'sub/v.yaml': 'b: 2\n' },
  ),
  one(
    'a map becomes flags',
    'vars:\n  - d: {s: text, q: "it\'s a b", n: 1, f: 2.0, t: true, off: false, none: null, l: [1, a b, 2.5], e: [], nested: {x: 1, y: {z: w}}, empty: {}, eq: "a=b", blank: ""}\nstages:\n  a:\n    cmd: python t.py ${d}\n  b:\n    cmd: ["one ${d.nested}", two]\n',
  ),
  {
    ...one(
      'flags as the configuration wants them',
      'vars:\n  - d: {t: true, off: false, l: [1, x], b: [true, null]}\nstages:\n  a:\n    cmd: t ${d}\n',
    ),
    config: { parsing: { bool: 'boolean_optional', list: 'append' } },
  },
  one(
    'foreach over a list',
    'stages:\n  g:\n    foreach: [a, 1, 2.5, true, null, "x y"]\n    do:\n      cmd: x ${item}\n      outs: ["o-${item}"]\n',
  ),
  one(
    'foreach over a map',
    'stages:\n  g:\n    foreach: {uk: {n: 1}, us: {n: 2}, 3: {n: 3}}\n    do:\n      cmd: x ${key} ${item.n}\n      wdir: w/${key}\n',
  ),
  one(
    'foreach over composite items',
    'stages:\n  g:\n    foreach: [{a: 1}, {a: 2}]\n    do:\n      cmd: x ${item.a}\n  h:\n    foreach: [x, [1, 2]]\n    do:\n      cmd: y\n',
  ),
  one(
    'foreach over variables',
    'stages:\n  g:\n    foreach: ${list}\n    do:\n      cmd: x ${item}\n  h:\n    foreach: ${map}\n    do:\n      cmd: y ${key} ${item.v} ${item}\n      params: [p.yaml: ["${key}"]]\n',
    { 'params.yaml': 'list: [a, true, null, 1.0]\nmap: {k: {v: 1}, l: {v: 2}}\n' },
  ),
  one(
    'foreach with variables among its items',
    'stages:\n  g:\n    foreach: ["${a}", "${b}-x", true]\n    do:\n      cmd: x ${item}\n',
    { 'params.yaml': 'a: true\nb: false\n' },
  ),
  one('foreach with equal items', 'stages:\n  g:\n    foreach: [a, b, a, "1", 1]\n    do:\n      cmd: x ${item}\n'),
  one(
    'an empty foreach',
    'stages:\n  g:\n    foreach: []\n    do: {cmd: x}\n  h:\n    foreach: {}\n    do: {cmd: x}\n',
  ),
  one(
    'foreach that shadows a variable',
    'vars: [{item: 1, key: 2}]\nstages:\n  g:\n    foreach: [a]\n    do:\n      cmd: x ${item} ${key}\n  h:\n    foreach: {k: v}\n    do:\n      cmd: x ${item} ${key}\n  p:\n    cmd: x ${item}\n',
  ),
  one(
    'foreach with vars of its own',
    'stages:\n  g:\n    foreach: [a, b]\n    do:\n      wdir: ${item}\n      vars: [v.yaml, {w: 1}]\n      cmd: x ${item} ${v} ${w}\n',
    { 'a/v.yaml': 'v: 1\n', 'b/v.yaml': 'v: 2\n' },
  ),
  one(
    'foreach items name their file',
    'stages:\n  g:\n    foreach: ${m}\n    do:\n      cmd: x ${item.deep.x} ${item.l}\n'.replace(
      ' ${item.l}',
      ' ${item.l[0]}',
    ),
    { 'params.yaml': 'm:\n  a: {deep: {x: 1}, l: [1]}\n  b: {deep: {x: 2}, l: [2]}\n' },
  ),
  one(
    'a matrix',
    'stages:\n  g:\n    matrix:\n      os: [linux, win]\n      n: [1, 2.5, true, null]\n      d: [{a: 1}, [1, 2]]\n    cmd: x ${item.os} ${item.n} ${key}\n    outs: ["${key}.txt"]\n',
  ),
  one(
    'a matrix over variables',
    'stages:\n  g:\n    matrix:\n      a: ${list}\n      b: ["${v}", false]\n      c: ${map}\n    cmd: x ${item.a} ${item.b} ${item.c}\n',
    { 'params.yaml': 'list: [x, {y: 1}, true]\nv: true\nmap: {k: 1, l: 2}\n' },
  ),
  one(
    'a matrix whose item becomes flags',
    'stages:\n  g:\n    matrix:\n      lr: [0.1, 1e-3]\n      opt: [{name: adam, beta: 0.9}]\n    cmd: train ${item} --name ${key}\n    desc: about ${key}\n',
  ),
  one('a matrix with one axis', 'stages:\n  g:\n    matrix: {a: [x]}\n    cmd: x ${item.a}\n'),
  one('an empty axis', 'stages:\n  g:\n    matrix: {a: [x], b: []}\n    cmd: x\n'),
  one(
    'merge keys and anchors',
    'stages:\n  a: &base\n    cmd: x\n    deps: &deps [d1, d2]\n    outs: [o]\n  b:\n    <<: *base\n    outs: [p]\n  c:\n    <<: [{frozen: true}, *base]\n    deps: *deps\n',
  ),
  one(
    'YAML kinds',
    'stages:\n  a:\n    cmd: x\n    meta: [1_000, 0x1F, 0o17, 010, 0b11, 1e5, .5e3, .5e+3, 1., +.inf, .NaN, -0, -0.0, yes, no, on, ~, Null, TRUE, tRue, "1", 1:30, 08, "a: b", -1, +1, 1e400]\n',
  ),
  one(
    'quoted keys and Unicode',
    'stages:\n  "quoted name":\n    cmd: \'it\'\'s "x"\'\n  é:\n    cmd: "\\u00e9\\n\\t\\"q\\""\n  日本:\n    cmd: x\n    outs: [ü/😀.txt]\n',
  ),
  one('names with punctuation', 'stages:\n  a.b: {cmd: x}\n  a/b: {cmd: x}\n  a:b: {cmd: x}\n  -c_: {cmd: x}\n'),
  one('CRLF line ends', 'stages:\r\n  a:\r\n    cmd: |\r\n      one\r\n      two\r\n    deps:\r\n    - d\r\n'),
  one('a byte order mark', '\uFEFFstages:\n  a:\n    cmd: x\n'),
  one(
    'params and metrics of the file',
    'vars: [{d: dir}]\nparams: [p.yaml, "${d}/q.json"]\nmetrics: ["${d}/m.json", n.yaml]\nstages: {}\n',
  ),
  one(
    'plots of the file',
    'vars: [{d: dir}]\nplots:\n  - a.csv\n  - ${d}/b.json\n  - id:\n      x: step\n      y: {f.csv: loss, g.csv: [a, b]}\n      title: T ${d}\n      x_label: X\n      y_label: Y\n      template: scatter\n  - c.csv:\n  - d.csv: {x: {f.csv: s}, y: [l, m]}\n',
  ),
  one(
    'artifacts',
    'vars: [{n: name, p: path}]\nartifacts:\n  model:\n    path: models/m.bin\n    type: model\n    desc: D\n    labels: [a, b]\n    meta: {x: 1.0}\n  ${n}:\n    path: ${p}\n',
  ),
  one(
    '[] and glob characters are literal',
    'stages:\n  a:\n    cmd: x\n    deps: ["data/*.csv", "a[1]", "q?", "{x}", "a\\\\b"]\n    outs: ["o*"]\n',
  ),
  one('a stage that uses a list item and a nested key', 'stages:\n  a:\n    cmd: x ${l[-1]} ${l.1.k} ${m[a][b]}\n', {
    'params.yaml': 'l: [1, {k: 2}, 3]\nm: {a: {b: 4}}\n',
  }),
  one(
    'templates in desc and meta',
    'stages:\n  a:\n    cmd: x\n    desc: about ${a}\n    meta: {k: ["${a}", "p${a}"]}\n',
    { 'params.yaml': 'a: 1\n' },
  ),
  one('a params.yaml that is not used', 'stages:\n  a: {cmd: x}\n', { 'params.yaml': '' }),
  one(
    'datasets',
    'datasets:\n  - {name: d, type: dvc, url: u, path: p}\nstages:\n  a:\n    cmd: x\n    deps: ["ds://d"]\n',
  ),
];

/** Both refuse them. */
export const BAD: readonly CorpusProject[] = [
  one('a URL of an unknown kind', 'stages:\n  a: {cmd: x, deps: ["foo://x/y"]}\n'),
  one('a list at the top', '- a\n'),
  one('a text at the top', 'just text\n'),
  one('an unknown section', 'stagez: {}\n'),
  one('an unknown field', 'stages:\n  a: {cmd: x, dep: [y]}\n'),
  one('no cmd', 'stages:\n  a: {deps: [y]}\n'),
  one('a stage of nothing', 'stages:\n  a:\n'),
  one('stages of nothing', 'stages:\n'),
  one('cmd of the wrong kind', 'stages:\n  a: {cmd: 1}\n'),
  one('deps of the wrong kind', 'stages:\n  a: {cmd: x, deps: y}\n'),
  one('a dep of the wrong kind', 'stages:\n  a: {cmd: x, deps: [1]}\n'),
  one('deps of nothing', 'stages:\n  a:\n    cmd: x\n    deps:\n'),
  one('a flag of the wrong kind', 'stages:\n  a: {cmd: x, outs: [o: {cache: no}]}\n'),
  one('an out without flags', 'stages:\n  a: {cmd: x, outs: [o: ]}\n'),
  one('an unknown flag', 'stages:\n  a: {cmd: x, outs: [o: {cached: true}]}\n'),
  one('a plot flag at an out', 'stages:\n  a: {cmd: x, outs: [o: {x: a}]}\n'),
  one('a list of plot properties', 'stages:\n  a: {cmd: x, plots: [o: [{x: a}]]}\n'),
  one('frozen in words', 'stages:\n  a: {cmd: x, frozen: "yes"}\n'),
  one('a templated flag', 'vars: [{f: true}]\nstages:\n  a: {cmd: x, frozen: "${f}"}\n'),
  one('our own field', 'stages:\n  a: {cmd: x, timeout: 1}\n'),
  one('our own default', 'stages:\n  a:\n    cmd: x ${a:-1}\n'),
  one('a key twice', 'stages:\n  a: {cmd: x}\n  a: {cmd: y}\n'),
  one('a stage name of a number', 'stages:\n  1: {cmd: x}\n'),
  one('a name with @', 'stages:\n  a@b: {cmd: x}\n'),
  one('foreach without do', 'stages:\n  a: {foreach: [1]}\n'),
  one('do without foreach', 'stages:\n  a: {do: {cmd: x}}\n'),
  one('foreach beside deps', 'stages:\n  a: {foreach: [1], do: {cmd: x}, deps: [y]}\n'),
  one('foreach and matrix', 'stages:\n  a: {foreach: [1], matrix: {b: [2]}, do: {cmd: x}}\n'),
  one('foreach over a text', 'stages:\n  a: {foreach: abc, do: {cmd: x}}\n'),
  one('foreach over a scalar variable', 'vars: [{a: 1}]\nstages:\n  a: {foreach: "${a}", do: {cmd: x}}\n'),
  one('an item with @', 'stages:\n  a: {foreach: [b@c], do: {cmd: x}}\n'),
  one('an empty item', 'stages:\n  a: {foreach: [""], do: {cmd: x}}\n'),
  one('a matrix of nothing', 'stages:\n  a: {matrix: {}, cmd: x}\n'),
  one('a matrix axis that is a number', 'stages:\n  a: {matrix: {b: 1}, cmd: x}\n'),
  one('a matrix that is a list', 'stages:\n  a: {matrix: [1], cmd: x}\n'),
  one('an unknown variable', 'stages:\n  a:\n    cmd: x ${nope}\n'),
  one('an unknown nested key', 'vars: [{a: {b: 1}}]\nstages:\n  a:\n    cmd: x ${a.c}\n'),
  one('a key below a scalar', 'vars: [{a: 1}]\nstages:\n  a:\n    cmd: x ${a.b}\n'),
  one('an index beyond the list', 'vars: [{a: [1]}]\nstages:\n  a:\n    cmd: x ${a[3]}\n'),
  one('a name as an index', 'vars: [{a: [1]}]\nstages:\n  a:\n    cmd: x ${a[b]}\n'),
  one('an empty template', 'stages:\n  a:\n    cmd: x ${}\n'),
  one('an unfinished path', 'vars: [{a: 1}]\nstages:\n  a:\n    cmd: x ${a.}\n'),
  one('an open bracket', 'vars: [{a: [1]}]\nstages:\n  a:\n    cmd: x ${a[0}\n'),
  one('a list inside a text', 'vars: [{a: [1]}]\nstages:\n  a:\n    cmd: x ${a}\n'),
  one('a map among deps', 'vars: [{a: {b: 1}}]\nstages:\n  a:\n    cmd: x\n    deps: ["${a}"]\n'),
  one('a number among deps', 'vars: [{a: 1}]\nstages:\n  a:\n    cmd: x\n    deps: ["${a}"]\n'),
  one('a map inside a path', 'vars: [{a: {b: 1}}]\nstages:\n  a:\n    cmd: x\n    outs: ["p${a}"]\n'),
  one('lists in a list become no flag', 'vars: [{a: {b: [[1]]}}]\nstages:\n  a:\n    cmd: x ${a}\n'),
  one('a template under vars', 'vars: [{a: 1}, {b: "${a}"}]\nstages: {}\n'),
  one('a missing file of vars', 'vars: [nope.yaml]\nstages: {}\n'),
  one('a missing key of vars', 'vars: ["v.yaml:b"]\nstages: {}\n', { 'v.yaml': 'a: 1\n' }),
  one('a list as a file of vars', 'vars: [v.yaml]\nstages: {}\n', { 'v.yaml': '- 1\n' }),
  one('a list as params.yaml', 'stages: {}\n', { 'params.yaml': '- 1\n' }),
  one('a broken params.yaml', 'stages: {}\n', { 'params.yaml': 'a: [1\n' }),
  one('two sources of one variable', 'vars: [{a: 1}, {a: 2}]\nstages: {}\n'),
  one('two sources of one nested key', 'vars: [{a: {b: 1}}, {a: {b: 2}}]\nstages: {}\n'),
  one('a map against a scalar', 'vars: [{a: {b: 1}}, {a: 2}]\nstages: {}\n'),
  one('vars against params.yaml', 'vars: [{a: 2}]\nstages: {}\n', { 'params.yaml': 'a: 1\n' }),
  one('a key of params.yaml again', 'vars: ["params.yaml:a"]\nstages: {}\n', { 'params.yaml': 'a: 1\n' }),
  one('a key twice from one file', 'vars: ["v.yaml:a", "v.yaml:a"]\nstages: {}\n', { 'v.yaml': 'a: 1\n' }),
  one('a whole file after a key of it', 'vars: ["v.yaml:a", v.yaml]\nstages: {}\n', { 'v.yaml': 'a: 1\n' }),
  one('vars of a stage against those of the file', 'vars: [{a: 1}]\nstages:\n  s: {vars: [{a: 2}], cmd: x}\n'),
  one('vars of a stage called item', 'stages:\n  s: {foreach: [1], do: {vars: [{item: 2}], cmd: x}}\n'),
  one('a dep on a .dvc file', 'stages:\n  a: {cmd: x, deps: [data.dvc]}\n'),
  one('an out called dvc.yaml', 'stages:\n  a: {cmd: x, outs: [sub/dvc.yaml]}\n'),
  one('params of a wrong kind', 'stages:\n  a: {cmd: x, params: [1]}\n'),
  one('keys of a wrong kind', 'stages:\n  a: {cmd: x, params: [p.json: k]}\n'),
  one('an artifact without a path', 'artifacts:\n  a: {type: x}\n'),
  one('plots as a map', 'plots: {a.csv: {x: s}}\n'),
  one('an unknown plot property', 'plots: [a.csv: {z: s}]\n'),
  one('two documents', 'stages: {}\n---\nstages: {}\n'),
  one('a tab', 'stages:\n\ta: {cmd: x}\n'),
  one('an unknown alias', 'stages:\n  a: *b\n'),
  one('an unknown tag', 'stages:\n  a: {cmd: !x y}\n'),
  one('a control character', 'stages:\n  a: {cmd: "\u0001"}\n'),
];

function one(name: string, dvcYaml: string, others: Readonly<Record<string, string>> = {}): CorpusProject {
  return { name, files: { 'dvc.yaml': dvcYaml, ...others } };
}
