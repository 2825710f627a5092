/** @file Takes the page's request elsewhere as a program. */

import { CopyButton } from './copy-button.tsx';
import { LANGUAGES, type Language } from './snippets.ts';

interface CopyMenuProps {
  readonly snippet: (language: Language) => string;
}

export function CopyMenu({ snippet }: CopyMenuProps) {
  return (
    <details
      class="menu"
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.open = false;
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget))
          event.currentTarget.open = false;
      }}
    >
      <summary>Copy as</summary>
      <div class="card">
        {LANGUAGES.map((language) => (
          <CopyButton key={language} title={language} text={() => snippet(language)} />
        ))}
      </div>
    </details>
  );
}
