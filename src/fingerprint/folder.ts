import type { Section, SectionLeaf } from '../index/section.ts';
import { DIR, KINDS, SectionWriter } from '../index/section.ts';
import type { FolderMemory } from '../index/folder-memory.ts';
import type { StatIndex } from '../index/stat-index.ts';
import type { Digest, RawDigest } from '../kit/digest.ts';
import { rawOfDigest } from '../kit/digest.ts';
import type { Entry, Part } from '../store/tree.ts';
import { LARGEST_PART, WHOLE, endsPart, entryLine, joinParts, treeText } from '../store/tree.ts';
import type { FileStat } from './read-files.ts';

/** What a walk found of one file. */
export interface ReadFile {
  readonly digest: RawDigest;
  readonly stat: FileStat;
  /** Whether the stat values tell when it changes, see `isReliable` of the index. */
  readonly isReliable: boolean;
}

/** Hashes the text of a tree, and stores it where a store listens. */
export type PutTree = (text: string) => Digest;

/** Whether the tree with this digest need not be stored any more. */
export type HasTree = (digest: Digest) => boolean;

/**
 * Builds the tree of a folder from its entries, which come in the order of their names. What is remembered of the
 * folder is used a part at a time: where no entry of a part has changed, its tree is not written again.
 */
export class FolderBuilder {
  readonly #path: string;
  readonly #index: StatIndex;
  readonly #isSplit: boolean;
  readonly #put: PutTree;
  readonly #has: HasTree;
  readonly memory: FolderMemory;
  readonly #rows = new SectionWriter();
  readonly #parts: Part[] = [];
  readonly #sections: Section[] = [];
  /** The remembered section that the rows repeat, from its first row on, as far as they do. */
  #same: Section | undefined;
  /** So many rows are only counted yet: the first ones of `#same`, which need not be copied while nothing differs. */
  #kept = 0;
  #isSameTree = true;
  #isSameStats = true;

  /** `entries` is how many there will be. */
  constructor(
    { path, entries, index }: { readonly path: string; readonly entries: number; readonly index: StatIndex },
    { put, has }: { readonly put: PutTree; readonly has: HasTree },
  ) {
    this.#path = path;
    this.#index = index;
    this.#isSplit = entries > WHOLE;
    this.#put = put;
    this.#has = has;
    this.memory = index.folder(path);
  }

  /** An entry that is as it was; the memory stands at it. */
  keep(name: string): void {
    const { section, row } = this.memory;
    if (section === undefined) return;
    this.#follow(section, row);
    if (this.#rows.count === 0 && this.#same === section && this.#kept === row) this.#kept += 1;
    else {
      this.#copyKept();
      this.#rows.addRow(name, section, row);
    }
    this.#afterRow(name);
  }

  /** A file or a link that was read; `isRemembered`: the memory stands at its name. */
  addFile(name: string, kind: 'file' | 'exec' | 'link', read: ReadFile & { readonly isRemembered: boolean }): void {
    const number = KINDS.indexOf(kind);
    const { section, row } = this.memory;
    if (!read.isRemembered || section === undefined) this.#isSameTree = this.#isSameStats = false;
    else {
      this.#follow(section, row);
      if (!section.isSameRow(row, { ...read, kind: number })) this.#isSameStats = false;
      if (section.kindOf(row) !== number || section.sizeOf(row) !== read.stat.size) this.#isSameTree = false;
      if (section.digests.compare(read.digest, 0, 32, row * 32, row * 32 + 32) !== 0) this.#isSameTree = false;
    }
    this.#copyKept();
    this.#rows.addFile(name, { ...read, kind: number, at: 0 });
    this.#afterRow(name);
  }

  addFolder(name: string, entry: SectionLeaf, isRemembered: boolean): void {
    const { section, row } = this.memory;
    if (isRemembered && section !== undefined && section.kindOf(row) === DIR) {
      this.#follow(section, row);
      const isSame = section.digests.compare(rawOfDigest(entry.digest), 0, 32, row * 32, row * 32 + 32) === 0;
      if (!isSame) this.#isSameTree = this.#isSameStats = false;
    } else this.#isSameTree = this.#isSameStats = false;
    this.#copyKept();
    this.#rows.addFolder(name, entry);
    this.#afterRow(name);
  }

  /** The entry of the whole folder. What was found is remembered. */
  end(): Entry {
    if (this.#count > 0 || this.#parts.length === 0) this.#endPart();
    this.#index.recordFolder(this.#path, this.#sections);
    const { digest, size, files } = joinParts(this.#parts, this.#put);
    return { kind: 'dir', digest, size, files };
  }

  /** Rows of the part so far. */
  get #count(): number {
    return this.#kept + this.#rows.count;
  }

  #copyKept(): void {
    for (let row = 0; row < this.#kept; row += 1) {
      const same = this.#same as Section;
      this.#rows.addRow(same.names[row] as string, same, row);
    }
    this.#kept = 0;
  }

  #follow(section: Section, row: number): void {
    const count = this.#count;
    if (count === 0) this.#same = section;
    if (this.#same === section && row === count) return;
    this.#isSameTree = this.#isSameStats = false;
  }

  #afterRow(name: string): void {
    if (this.#isSplit && (endsPart(name) || this.#count === LARGEST_PART)) this.#endPart();
  }

  #endPart(): void {
    const isWhole = this.#same?.names.length === this.#count;
    const before = isWhole && this.#isSameTree ? this.#same?.leaf : undefined;
    const known = before !== undefined && this.#has(before.digest) ? before : undefined;
    const last = (this.#kept > 0 ? this.#same?.names[this.#kept - 1] : this.#rows.names.at(-1)) ?? '';
    if (known === undefined || !isWhole || !this.#isSameStats) this.#copyKept();
    const leaf = known ?? this.#leaf();
    const isKept = isWhole && this.#isSameStats && this.#same?.leaf?.digest === leaf.digest;
    this.#sections.push(isKept ? (this.#same as Section) : this.#rows.end(this.#path, leaf));
    this.#parts.push({ last, ...leaf });
    this.#rows.clear();
    this.#kept = 0;
    this.#same = undefined;
    this.#isSameTree = this.#isSameStats = true;
  }

  #leaf(): SectionLeaf {
    const rows = this.#rows;
    const lines: string[] = [];
    let [size, files] = [0, 0];
    for (const [row, name] of rows.names.entries()) {
      const kind = KINDS[rows.kindOf(row)] as Entry['kind'];
      const entry: Entry = { kind, digest: rows.digestOf(row), size: rows.sizeOf(row), files: rows.filesOf(row) };
      lines.push(entryLine(name, entry));
      size += entry.size;
      files += rows.filesOf(row);
    }
    return { digest: this.#put(treeText(lines)), size, files };
  }
}
