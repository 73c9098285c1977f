import type { Digest } from '../kit/digest.ts';
import { DEEPEST } from './count-folders.ts';
import type { Bounds } from './read-tree.ts';
import { BrokenTree, openPart } from './read-tree.ts';
import type { Entry, Part } from './tree.ts';

/** An object that something needs. */
export interface NeededObject {
  readonly digest: Digest;
  /** `part`: a part of the list of a big folder. */
  readonly kind: Entry['kind'] | 'part';
  /** Of a file its bytes; of a folder or a part of one the bytes of all files below. */
  readonly size: number;
  /** Of what it is needed for. */
  readonly path: string;
}

/** Who looks at the objects that something needs. */
export interface ObjectVisitor {
  /** Told of every object; for a folder or part, whether to look below it. */
  enter(object: NeededObject): boolean;
  /** Told when all below a folder or part was seen. */
  leave?(object: NeededObject): void;
  /** Told of a folder or part that cannot be looked into: it is not there, damaged, or not what is said of it. */
  broken(object: NeededObject, bytes: Buffer | undefined): void;
}

/** Shows a visitor every object that an entry needs, what lies below folders included. */
export function walkObjects(
  store: { read(digest: Digest): Buffer | undefined },
  entry: Entry,
  { path, visitor }: { readonly path: string; readonly visitor: ObjectVisitor },
): void {
  const look = (each: Entry, at: string, depth: number): void => {
    const object = { digest: each.digest, kind: each.kind, size: each.size, path: at };
    if (each.kind !== 'dir') visitor.enter(object);
    else if (depth < DEEPEST) part(each, object, { height: 0, depth });
    else if (visitor.enter(object)) visitor.broken(object, undefined);
  };
  const part = (said: Omit<Part, 'last'>, object: NeededObject, where: Where): void => {
    if (!visitor.enter(object)) return;
    const bytes = store.read(said.digest);
    const opened = bytes === undefined ? undefined : tryOpen(bytes, said, where);
    if (opened === undefined) {
      visitor.broken(object, bytes);
      return;
    }
    if ('tree' in opened) {
      for (const [name, child] of opened.tree) look(child, `${object.path}/${name}`, where.depth + 1);
    } else {
      let { after } = where;
      for (const each of opened.parts) {
        const { digest, size, last } = each;
        const below = { digest, size, kind: 'part', path: object.path } as const;
        part(each, below, { depth: where.depth, height: where.height + 1, after, last });
        after = last;
      }
    }
    visitor.leave?.(object);
  };
  look(entry, path, 0);
}

interface Where extends Bounds {
  readonly height: number;
  readonly depth: number;
}

function tryOpen(bytes: Buffer, said: Omit<Part, 'last'>, where: Where): ReturnType<typeof openPart> | undefined {
  try {
    return openPart(bytes, said, where);
  } catch (error) {
    if (error instanceof BrokenTree) return undefined;
    throw error;
  }
}
