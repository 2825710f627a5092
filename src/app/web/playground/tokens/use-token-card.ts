/** @file Which token's card is open: that under the pointer or the focus, or one that was chosen, until it is closed. */

import { useEffect, useRef, useState } from 'preact/hooks';
import type { CardSubject } from './token-card.tsx';

/** Time to get from a token to its card. */
const LEAVE_MILLISECONDS = 250;
/** A pointer that passes over tokens opens no cards. */
const REST_MILLISECONDS = 120;

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
    if (subject?.isChosen) subject.element.focus();
    // the focus has not come to look at the token again
    stay();
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
      const open = (): void => setSubject((before) => (before?.isChosen && !next.isChosen ? before : next));
      if (next.isChosen) open();
      else timer.current = setTimeout(open, REST_MILLISECONDS);
    },
    leave: () => {
      stay();
      timer.current = setTimeout(() => setSubject((open) => (open?.isChosen ? open : undefined)), LEAVE_MILLISECONDS);
    },
    stay,
    close,
  };
}
