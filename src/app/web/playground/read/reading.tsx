/** @file The second view: both models read the same text, and how well each predicts it. */

import { useEffect, useId, useState } from 'preact/hooks';
import { type ApiProblem, asProblem } from '../api/problem.ts';
import { rememberedScores } from '../api/scores.ts';
import { Notice } from '../notice.tsx';
import { modelTitle, type PageData } from '../page-data.ts';
import { CheckpointSlider } from '../steps/checkpoint-slider.tsx';
import { chosenModel } from '../steps/checkpoints.ts';
import { Legend } from '../tokens/legend.tsx';
import { TintedText, type TokenLook } from '../tokens/tinted-text.tsx';
import type { Token } from '../tokens/token.ts';
import { TokenCard } from '../tokens/token-card.tsx';
import { useTokenCard } from '../tokens/use-token-card.ts';
import { topOf, type ViewProps } from '../write/writing.tsx';
import { Figures } from './figures.tsx';
import { PASSAGES } from './passages.ts';

interface ReadingProps extends ViewProps {
  readonly isShown: boolean;
}

type Read = { readonly tokens: readonly Token[] } | { readonly problem: ApiProblem } | undefined;

export function Reading({ data, state: { step, tint }, onChange, isShown }: ReadingProps) {
  const [text, setText] = useState(PASSAGES[0]?.text ?? '');
  const [given, setGiven] = useState(text);
  const id = useId();
  const top = topOf(data);
  const card = useTokenCard();
  const trained = chosenModel(data, step);
  const models = data.compared === null ? [trained] : [data.compared, trained];
  const read = (next: string): void => {
    card.close();
    setText(next);
    setGiven(next);
  };
  return (
    <>
      <form
        class="card prompt"
        onSubmit={(event) => {
          event.preventDefault();
          read(text);
        }}
      >
        <label for={id} class="visually-hidden">
          Text to read
        </label>
        <textarea
          id={id}
          rows={1}
          value={text}
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <ul class="chips" aria-label="Passages">
          {PASSAGES.map((passage) => (
            <li key={passage.title}>
              <button type="button" onClick={() => read(passage.text)}>
                {passage.title}
              </button>
            </li>
          ))}
          <li>
            <button type="button" onClick={() => setText('')}>
              Paste your own
            </button>
          </li>
        </ul>
        <div class="bar-of-actions">
          <button type="submit" class="primary" disabled={text.trim() === ''}>
            Read
          </button>
        </div>
      </form>
      {data.steps.length > 1 && (
        <CheckpointSlider data={data} step={step} onChange={(next) => onChange({ step: next })} />
      )}
      <Legend tint={tint} top={top} hasOther={data.compared !== null} onChange={(next) => onChange({ tint: next })} />
      <Readings data={data} models={models} text={isShown ? given : ''} tint={tint} card={card} top={top} />
      {card.subject && (
        <TokenCard subject={card.subject} onEnter={card.stay} onLeave={card.leave} onClose={card.close} />
      )}
    </>
  );
}

interface ReadingsProps {
  readonly data: PageData;
  readonly models: readonly string[];
  readonly text: string;
  readonly tint: ViewProps['state']['tint'];
  readonly card: ReturnType<typeof useTokenCard>;
  readonly top: number;
}

function Readings({ data, models, text, tint, card, top }: ReadingsProps) {
  const [reads, setReads] = useState<readonly Read[]>([]);
  const [attempt, setAttempt] = useState(0);
  const key = models.join('\n');
  useEffect(() => {
    if (text.trim() === '') return;
    let isCurrent = true;
    for (const [index, model] of models.entries()) {
      const set = (read: Read): void => {
        if (isCurrent) setReads((before) => Object.assign([...before], { [index]: read }));
      };
      rememberedScores(model, text, top).then(
        (tokens) => set({ tokens }),
        (cause: unknown) => set({ problem: asProblem(cause) }),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [key, text, top, attempt]);

  const tokensOf = (index: number): readonly Token[] | undefined => {
    const read = reads[index];
    return read && 'tokens' in read ? read.tokens : undefined;
  };
  const look = (index: number, { index: place, ...rest }: TokenLook): void => {
    const token = tokensOf(index)?.[place];
    const other = 1 - index;
    const otherModel = models[other];
    if (!token) return;
    card.show({
      ...rest,
      token,
      name: modelTitle(models[index] ?? '', data),
      otherName: otherModel && modelTitle(otherModel, data),
      askOther: async () => tokensOf(other)?.[place],
    });
  };
  return (
    <div class={models.length > 1 ? 'panes two' : 'panes'}>
      {models.map((model, index) => {
        const read = reads[index];
        const tokens = tokensOf(index);
        const title = modelTitle(model, data);
        return (
          <section
            key={index}
            class={`card pane ${index === models.length - 1 ? 'main' : 'compared'}`}
            aria-label={title}
          >
            <header>
              <h2>{title}</h2>
            </header>
            {tokens && <Figures tokens={tokens} uniformLoss={data.uniformLoss} />}
            <div class="texts">
              {tokens && (
                <p class="text">
                  <TintedText
                    label={title}
                    tokens={tokens}
                    others={tokensOf(1 - index)}
                    tint={tint}
                    onLook={(token) => look(index, token)}
                    onLeave={card.leave}
                  />
                </p>
              )}
            </div>
            {read && 'problem' in read && (
              <Notice problem={read.problem} onRetry={() => setAttempt((count) => count + 1)} />
            )}
          </section>
        );
      })}
    </div>
  );
}
