/** @file How a checkpoint's name means a model of the hub: `hf:OWNER/NAME[@REVISION]`. */

import { UserError } from '../support/errors.ts';

const FORM = /^hf:([^@]+)(?:@(.+))?$/;

/** Whether a checkpoint's name means a model of the hub. */
export function isHubModel(name: string): boolean {
  return name.startsWith('hf:');
}

/** @throws UserError when the name has another form. */
export function parseHubModel(name: string): { readonly repository: string; readonly revision: string } {
  const [, repository, revision = 'main'] = FORM.exec(name) ?? [];
  if (repository !== undefined) return { repository, revision };
  throw new UserError(`expected hf:OWNER/NAME or hf:OWNER/NAME@REVISION, found ${name}`);
}
