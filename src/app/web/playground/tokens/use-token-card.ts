/** @file Which token's card is open: that under the pointer or the focus, or one that was chosen, until it is closed. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { CardSubject } from './token-card.tsx';

/** Time to get from a token to its card. */
const LEAVE_MILLISECONDS = 250;

export interface OpenCard {
  readonly subject: CardSubject | undefined;
  show(subject: CardSubject): void;
  /** Closes a card that was not chosen, unless the pointer comes to it. */
  leave(): void;
  stay(): void;
  close(): void;
}

export function useTokenCard(): OpenCard {
  const [subject, setSubject] = useState<CardSubject>();
  const timer = useRef<number>(undefined);
  const stay = (): void => clearTimeout(timer.current);
  const close = (): void => {
    stay();
    if (subject?.isChosen) subject.element.focus();
    setSubject(undefined);
  };
  useEffect(() => {
    if (!subject) return;
    const outside = ({ target }: PointerEvent): void => {
      if (target instanceof Element && !target.closest('.token-card, .token')) setSubject(undefined);
    };
    const onKey = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') setSubject(undefined);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('keydown', onKey);
    };
  }, [subject]);
  return {
    subject,
    show: (next) => {
      stay();
      setSubject((open) => (open?.isChosen && !next.isChosen && open.element.isConnected ? open : next));
    },
    leave: () => {
      stay();
      timer.current = setTimeout(() => setSubject((open) => (open?.isChosen ? open : undefined)), LEAVE_MILLISECONDS);
    },
    stay,
    close,
  };
}
