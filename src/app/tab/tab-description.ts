/** @file What a page without a server is told of what runs its models: `GET /app/tab.json`. */

export interface TabDescription {
  readonly device: string;
  /** Why the model that stands beside the main one does not; null where it does, or none should. */
  readonly missing: string | null;
}
