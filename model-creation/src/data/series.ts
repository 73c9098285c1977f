/** Rows of one sensor (here: one mote) in time order. */
export interface Series {
  /** The name that the data gives it, `1` for mote 1. */
  readonly id: string;
  /** Row-major, `[rows, features]`. */
  readonly values: Float64Array;
  /** `[rows]`; 1 where the data's authors marked an incident. */
  readonly labels: Uint8Array;
  readonly rows: number;
}

/** What a data source yields: series with the same features, sorted by their ids' code units. */
export interface Dataset {
  readonly features: readonly string[];
  readonly series: readonly Series[];
  readonly origin: DataOrigin;
}

/** Where data comes from and what its licence asks to be said. Never a path or a time: it travels with the model. */
export interface DataOrigin {
  readonly package?: string;
  readonly version?: string;
  readonly license?: string;
  readonly citation?: string;
}

/** How to read a source: which columns are what. */
export interface SourceOptions {
  readonly kind: string;
  /** The npm package that ships the file. */
  readonly package: string;
  /** The file's path inside the package. */
  readonly file: string;
  /** Column that names the series a row belongs to. */
  readonly series: string;
  /** Columns with the values. */
  readonly features: readonly string[];
  /** Column with the label, 0 or 1. */
  readonly label: string;
  readonly license: string;
  readonly citation: string;
}
