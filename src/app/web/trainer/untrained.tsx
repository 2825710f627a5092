/** @file What the model wrote before the first step, to stand beside what it writes now. */

import type { SampleColumns } from '../../dashboard-stream.ts';

export function Untrained({ samples }: { readonly samples: SampleColumns }) {
  const texts = samples.text.filter((_, index) => samples.step[index] === 0);
  return (
    <section class="card samples" aria-label="Untrained">
      <header>
        <h2>Untrained</h2>
      </header>
      <ul>
        {texts.map((text, index) => (
          <li key={index}>{text}</li>
        ))}
      </ul>
    </section>
  );
}
