/** @file What the engine worker does besides answering: it reads models when they are first asked for. */

import { useEffect, useState } from 'preact/hooks';

const changes = new EventTarget();
let doing = '';

export function setDoing(message: string): void {
  doing = message;
  changes.dispatchEvent(new Event('change'));
}

/** In words, as it changes; empty for nothing. */
export function useDoing(): string {
  const [message, setMessage] = useState(doing);
  useEffect(() => {
    const change = (): void => setMessage(doing);
    change();
    changes.addEventListener('change', change);
    return () => changes.removeEventListener('change', change);
  }, []);
  return message;
}
