/** @file What an answer is sent through, whatever carries it. */

import { UserError } from '../../../support/errors.ts';

/** The client has left or was dropped, so nobody reads this error. */
export class ClientGone extends UserError {
  constructor() {
    super('the client is gone');
  }
}

/** An answer that is sent in pieces. */
export interface Delivery {
  /**
   * Sends a piece; the promise resolves once there is room for another.
   * @throws ClientGone when the client has left
   */
  write(piece: string): Promise<void>;
  /** Ends the answer. @throws ClientGone as `write` does */
  end(): Promise<void>;
}
