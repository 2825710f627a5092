/** @file What a page without a server is told of what runs its models: `GET /app/tab.json`. */

export interface TabDescription {
  readonly device: string;
  /** Why the model that stands beside the main one does not; null where it does, or none should. */
  readonly missing: string | null;
  /** Where the weights came from and whether they are kept, as a sentence; null where none were read. */
  readonly weights: string | null;
}
