/** @file Asks for the API key that the server wants; the first of several that is answered answers all. */

import { useEffect, useId } from 'preact/hooks';
import { keyChanges, rememberKey } from './api-key.ts';

export function KeyForm({ onKey }: { readonly onKey: () => void }) {
  const id = useId();
  useEffect(() => {
    keyChanges.addEventListener('change', onKey);
    return () => keyChanges.removeEventListener('change', onKey);
  }, [onKey]);
  return (
    <form
      class="problem"
      onSubmit={(event) => {
        event.preventDefault();
        rememberKey(String(new FormData(event.currentTarget).get('key')).trim());
      }}
    >
      <label for={id}>This server wants an API key; it is forgotten when this tab closes.</label>
      <input id={id} name="key" type="password" required autocomplete="off" />
      <button type="submit">Use it</button>
    </form>
  );
}
