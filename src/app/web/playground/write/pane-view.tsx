/** @file A pane: whose text it is, the text, and how sure its model was of it. */

import { Notice } from '../notice.tsx';
import { formatOdds } from '../tokens/format-probability.ts';
import { TintedText, type TokenLook } from '../tokens/tinted-text.tsx';
import type { Tint } from '../tokens/tints.ts';
import { meanLoss, type Token } from '../tokens/token.ts';
import { CopyButton } from './copy-button.tsx';
import { type PaneState, plainText } from './pane-state.ts';

interface PaneViewProps {
  readonly title: string;
  readonly subtitle?: string | undefined;
  readonly kind: 'main' | 'compared' | 'unnamed';
  readonly state: PaneState;
  readonly tint: Tint | undefined;
  /** The tokens of each text as the other model sees them. */
  readonly others?: readonly (readonly Token[] | undefined)[];
  readonly onLook?: (sample: number, look: TokenLook) => void;
  readonly onLeave?: () => void;
  readonly onRetry: () => void;
}

export function PaneView(props: PaneViewProps) {
  const { title, subtitle, kind, state, tint, others, onLook, onLeave, onRetry } = props;
  const { status, prompt, samples, problem } = state;
  const isRunning = status === 'running';
  return (
    <section class={`card pane ${kind}`} aria-label={title} aria-busy={isRunning}>
      <header>
        <div>
          <h2>{title}</h2>
          {subtitle && <small>{subtitle}</small>}
        </div>
        {samples.length > 0 && <CopyButton title="Copy" text={() => plainText(state)} />}
      </header>
      <div class="texts">
        {status === 'empty' && <small>Run writes a text here.</small>}
        {samples.length === 0 && isRunning && (
          <p class="text">
            <span class="given">{prompt}</span>
            <span class="caret" />
          </p>
        )}
        {samples.map(({ tokens, finish }, index) => (
          <p key={index} class="text">
            <span class="given">{prompt}</span>
            <TintedText
              label={samples.length > 1 ? `${title}, text ${index + 1}` : title}
              tokens={tokens}
              others={others?.[index]}
              tint={tint}
              onLook={onLook && ((look) => onLook(index, look))}
              onLeave={onLeave}
            />
            {isRunning && finish === undefined && <span class="caret" />}
          </p>
        ))}
      </div>
      {problem && <Notice problem={problem} onRetry={onRetry} />}
      {tint !== undefined && <Sureness state={state} />}
    </section>
  );
}

/** Perplexity as a choice: a model that wrote every token with probability 1/4 chose among four. */
function Sureness({ state: { samples, status } }: { readonly state: PaneState }) {
  const tokens = samples.flatMap((sample) => sample.tokens);
  const loss = meanLoss(tokens);
  return (
    <footer>
      {loss !== undefined && (
        <>
          <span>
            as unsure as a choice among <b>{formatOdds(Math.exp(loss))}</b>
          </span>
          <span>
            {tokens.length} tokens{status === 'stopped' ? ', stopped' : ''}
          </span>
        </>
      )}
    </footer>
  );
}
