/**
 * @file A text whose tokens are coloured and can be looked at: by pointing, by touch, or by keyboard, where the whole text is
 * one stop of the Tab key and arrows go from token to token.
 */

import { memo } from 'preact/compat';
import { useRef, useState } from 'preact/hooks';
import { spokenToken } from './format-probability.ts';
import { levelOf, type Tint } from './tints.ts';
import type { Token } from './token.ts';

export interface TokenLook {
  readonly index: number;
  readonly element: HTMLElement;
  /** Whether it was chosen, not merely passed over. */
  readonly isChosen: boolean;
}

interface TintedTextProps {
  readonly label: string;
  readonly tokens: readonly Token[];
  /** The same tokens as the other model sees them. */
  readonly others?: readonly Token[] | undefined;
  /** Undefined: no colours. */
  readonly tint: Tint | undefined;
  readonly onLook?: ((look: TokenLook) => void) | undefined;
  readonly onLeave?: (() => void) | undefined;
}

export function TintedText({ label, tokens, others, tint, onLook, onLeave }: TintedTextProps) {
  const group = useRef<HTMLSpanElement>(null);
  const [stop, setStop] = useState(0);
  if (!onLook)
    return (
      <span>
        {tokens.map((token, index) => (
          <span key={index} class="token">
            <Tinted text={token.text} level={tint && levelOf(tint, token, others?.[index])} />
          </span>
        ))}
      </span>
    );

  const look = (target: EventTarget | null, isChosen: boolean): void => {
    const element = target instanceof HTMLElement ? target.closest<HTMLElement>('[data-token]') : null;
    if (element) onLook({ index: Number(element.dataset.token), element, isChosen });
  };
  const move = (event: KeyboardEvent): void => {
    const from = Number((event.target as HTMLElement).dataset.token);
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (event.key === 'Enter' || event.key === ' ') look(event.target, true);
    else if (to === undefined || to < 0 || to >= tokens.length) return;
    else group.current?.querySelector<HTMLElement>(`[data-token="${to}"]`)?.focus();
    event.preventDefault();
  };
  return (
    // the tokens are what can be focused
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot flow with the text
    <span
      ref={group}
      role="group"
      aria-label={label}
      class="tokens"
      onPointerOver={(event) => event.pointerType === 'mouse' && look(event.target, false)}
      onPointerLeave={() => onLeave?.()}
      onClick={(event) => look(event.target, true)}
      onKeyDown={move}
      onFocusIn={(event) => {
        setStop(Number((event.target as HTMLElement).dataset.token));
        if ((event.target as HTMLElement).matches(':focus-visible')) look(event.target, false);
      }}
    >
      {tokens.map((token, index) => (
        <Mark
          key={index}
          index={index}
          text={token.text}
          level={tint && levelOf(tint, token, others?.[index])}
          isStop={index === Math.min(stop, tokens.length - 1)}
        />
      ))}
    </span>
  );
}

interface MarkProps {
  readonly index: number;
  readonly text: string;
  readonly level: number | undefined;
  readonly isStop: boolean;
}

/** One token. Most stay as they are while others arrive. */
const Mark = memo(({ index, text, level, isStop }: MarkProps) => (
  // biome-ignore lint/a11y/useSemanticElements: a button's text cannot wrap with the lines around it
  <span
    role="button"
    tabIndex={isStop ? 0 : -1}
    data-token={index}
    class={text === '' ? 'token part' : 'token'}
    aria-label={spokenToken(text)}
  >
    <Tinted text={text} level={level} />
  </span>
));

/** The space before a word stays clear, so that one sees words and not a wall. */
function Tinted({ text, level }: Pick<MarkProps, 'text' | 'level'>) {
  const start = text.trim() === '' ? 0 : text.length - text.trimStart().length;
  return (
    <>
      {text.slice(0, start)}
      <mark data-level={level}>{text.slice(start)}</mark>
    </>
  );
}
