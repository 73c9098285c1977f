/** The data that `add`, `checkout` and `status` are measured on: files whose names, sizes and bytes a seed decides on. */

/** A folder of files, or one file. */
export interface DataSet {
  readonly name: string;
  /** How many files. */
  readonly files: number;
  /** All files together, in bytes. */
  readonly bytes: number;
  readonly seed: number;
  /** The path of a file by its number from 0, relative to the data; empty where the data is one file. */
  readonly pathOf: (number: number) => string;
  /** The bytes of a file by its number. */
  readonly sizeOf: (number: number) => number;
}

/** Enough that a folder is like those that people have, and few enough that its size is not what is measured. */
const FILES_IN_FOLDER = 1000;

/** What is larger lies in the store as an object of its own, and may be linked to (docs/formats.md). */
const LARGEST_IN_PACK = 64 * 1024;

const MEDIUM = { files: 25_000, smallest: 35_000, largest: 100_000 };

/** 70,000 files of 275 bytes, 1,000 in each folder: what a folder of labels or annotations is like. */
export function smallData(scale: number): DataSet {
  return dataSet('small', { files: scaled(70_000, scale), sizeOf: () => 275, pathOf: inFolders });
}

/** 25,000 files of 35 to 100 KB, 1,000 in each folder: images. */
export function mediumData(scale: number): DataSet {
  const { files, smallest, largest } = MEDIUM;
  return dataSet('medium', {
    files: scaled(files, scale),
    sizeOf: (number) => between(number, smallest, largest),
    pathOf: inFolders,
  });
}

/** 25,000 files of 35 KB, 1,000 in each folder: small images, to be sent. */
export function thumbnailData(scale: number): DataSet {
  return dataSet('thumbnails', { files: scaled(25_000, scale), sizeOf: () => 35_000, pathOf: inFolders });
}

/** As many files as `medium` has above 64 KiB, and of their sizes: those that can be linked instead of copied. */
export function mediumLooseData(scale: number): DataSet {
  const { files, smallest, largest } = MEDIUM;
  const share = (largest - LARGEST_IN_PACK) / (largest - smallest);
  return dataSet('medium-loose', {
    files: scaled(files * share, scale),
    sizeOf: (number) => between(number, LARGEST_IN_PACK + 1, largest),
    pathOf: inFolders,
  });
}

/** 1,000,000 files of 80 to 120 bytes in one folder. */
export function hugeFolderData(scale: number): DataSet {
  return dataSet('huge-folder', {
    files: scaled(1_000_000, scale),
    sizeOf: (number) => between(number, 80, 120),
    pathOf: fileName,
  });
}

/** One file of 2 GB. */
export function largeFileData(scale: number): DataSet {
  return dataSet('large-file', { files: 1, sizeOf: () => scaled(2e9, scale), pathOf: () => '' });
}

/** Files of 275 bytes, 1,000 in each folder, for seeing how time and memory grow with their number. */
export function growingData(files: number, scale: number): DataSet {
  return dataSet(`growth-${files}`, { files: scaled(files, scale), sizeOf: () => 275, pathOf: inFolders });
}

/** Whether the data is a file of its own instead of a folder. */
export function isOneFile({ pathOf }: DataSet): boolean {
  return pathOf(0) === '';
}

function dataSet(name: string, parts: Pick<DataSet, 'files' | 'sizeOf' | 'pathOf'>): DataSet {
  let bytes = 0;
  for (let number = 0; number < parts.files; number++) bytes += parts.sizeOf(number);
  return { name, bytes, seed: 1, ...parts };
}

function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale));
}

function inFolders(number: number): string {
  return `d${String(Math.floor(number / FILES_IN_FOLDER)).padStart(4, '0')}/${fileName(number)}`;
}

function fileName(number: number): string {
  return `f${String(number).padStart(7, '0')}.bin`;
}

/** A size that looks random; the same for the same number. */
function between(number: number, smallest: number, largest: number): number {
  let mixed = Math.imul(number + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
  mixed ^= mixed >>> 13;
  return smallest + ((mixed >>> 0) % (largest - smallest + 1));
}
