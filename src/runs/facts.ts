/** @file What is recorded about how a run was made. This file imports nothing from Node, so that pages can use its type. */

export interface RunFacts {
  /** The settings, as `train --print-config` shows them, and the number of training tokens. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** `minillm`, `node`, `device`. */
  readonly versions: Readonly<Record<string, string>>;
  readonly parameters: number;
}
