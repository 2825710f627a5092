/** @file A text as one model reads it. */

import { Notice } from '../notice.tsx';
import { modelTitle, type PageData } from '../page-data.ts';
import { describeModel } from '../steps/checkpoints.ts';
import { TintedText, type TokenLook } from '../tokens/tinted-text.tsx';
import type { Tint } from '../tokens/tints.ts';
import type { Token } from '../tokens/token.ts';
import { Figures } from './figures.tsx';
import type { Read } from './use-reads.ts';

interface ReadPaneProps {
  readonly data: PageData;
  readonly model: string;
  readonly kind: 'main' | 'compared';
  readonly read: Read | undefined;
  /** The same text as the other model reads it. */
  readonly others: readonly Token[] | undefined;
  readonly tint: Tint;
  readonly onLook: (look: TokenLook) => void;
  readonly onLeave: () => void;
  readonly onRetry: () => void;
}

export function ReadPane({ data, model, kind, read, others, tint, onLook, onLeave, onRetry }: ReadPaneProps) {
  const title = modelTitle(model, data);
  const subtitle = describeModel(data, model);
  return (
    <section class={`card pane ${kind}`} aria-label={title} aria-busy={read?.isOld ?? false}>
      <header>
        <div>
          <h2>{title}</h2>
          {subtitle && <small>{subtitle}</small>}
        </div>
      </header>
      {read?.tokens && <Figures tokens={read.tokens} uniformLoss={data.uniformLoss} />}
      <div class="texts">
        {read?.tokens && (
          <p class="text">
            <TintedText
              label={title}
              tokens={read.tokens}
              others={others}
              tint={tint}
              onLook={onLook}
              onLeave={onLeave}
            />
          </p>
        )}
      </div>
      {read?.problem && <Notice problem={read.problem} onRetry={onRetry} />}
    </section>
  );
}
