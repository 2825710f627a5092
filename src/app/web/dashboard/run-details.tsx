/** @file The facts and settings of a run. */

import type { RunInformation } from '../../dashboard-stream.ts';

export function RunDetails({ information: { facts, settings } }: { readonly information: RunInformation }) {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== null);
  if (facts.length === 0 && given.length === 0) return null;
  return (
    <section class="card details" aria-label="Run">
      <h2>Run</h2>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details>
        <summary>All {given.length} settings</summary>
        <dl class="settings">
          {given.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}
