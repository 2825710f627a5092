/** @file A button that copies a text and says so. */

import { useEffect, useState } from 'preact/hooks';

interface CopyButtonProps {
  readonly title: string;
  readonly text: () => string;
}

const SHOWN_MILLISECONDS = 1500;

export function CopyButton({ title, text }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<string>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), SHOWN_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => {
    // only pages with HTTPS, and those of this machine, may write to the clipboard
    const isCopied = await navigator.clipboard?.writeText(text()).then(
      () => true,
      () => false,
    );
    setOutcome(isCopied ? 'Copied' : 'Not allowed here');
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      <span aria-live="polite">{outcome ?? title}</span>
    </button>
  );
}
