/** @file What is recorded of how a run is made; of a file without Node, so that pages can name it. */

export interface RunFacts {
  /** The settings, as `train --print-config` shows them, and the tokens that are drawn from. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** `minillm`, `node`, `device`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly parameters: number;
}
