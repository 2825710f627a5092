/** @file What the server tells the page about its models: `/app/models.json`, and `/app/loading.json` while they load. */

export interface Checkpoint {
  readonly step: number;
  readonly id: string;
  readonly validationLoss: number | null;
}

export interface PageData {
  /** The trained model. */
  readonly main: string;
  /** The model beside it, null for none. */
  readonly compared: string | null;
  /** Whether the trained model is of a run, which has a page of its own. */
  readonly hasRun: boolean;
  /** Checkpoints of the trained model's run, in order of their steps. */
  readonly steps: readonly Checkpoint[];
  /** Training losses, thinned. */
  readonly curve: readonly { readonly step: number; readonly loss: number }[];
  readonly limits: { readonly contextLength: number; readonly maxTokens: number; readonly maxLogprobs: number };
  readonly parameters: number;
  readonly precision: string;
  /** The loss of guessing evenly among all tokens, in nats. */
  readonly uniformLoss: number;
}

export interface LoadingState {
  readonly loading: boolean;
  readonly message: string;
}

/** GPT-2's initial weights, as the server calls them. */
export const UNTRAINED = 'untrained';

/** What a person calls the two models: by what training did where one of them is untrained, else by their names. */
export function modelTitle(id: string, { main, compared }: PageData): string {
  if (id === UNTRAINED) return 'Untrained';
  return compared === UNTRAINED && (id === main || id.startsWith(`${main}@`)) ? 'Trained' : id;
}
