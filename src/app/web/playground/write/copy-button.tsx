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
    setOutcome((await copyText(text())) ? 'Copied' : 'Not allowed here');
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      <span aria-live="polite">{outcome ?? title}</span>
    </button>
  );
}

/** Only pages with HTTPS, and those of this machine, have a clipboard; others copy what is selected. */
async function copyText(text: string): Promise<boolean> {
  const isWritten = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  if (isWritten) return true;
  const area = Object.assign(document.createElement('textarea'), { value: text, className: 'visually-hidden' });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
