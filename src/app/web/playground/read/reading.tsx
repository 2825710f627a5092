/** @file The second view: both models read the same text, and how well each predicts it. */

import { useId, useState } from 'preact/hooks';
import { modelTitle } from '../page-data.ts';
import { CheckpointSlider } from '../steps/checkpoint-slider.tsx';
import { chosenModel } from '../steps/checkpoints.ts';
import { Legend } from '../tokens/legend.tsx';
import type { TokenLook } from '../tokens/tinted-text.tsx';
import { TokenCard } from '../tokens/token-card.tsx';
import { useTokenCard } from '../tokens/use-token-card.ts';
import { topOf, type ViewProps } from '../view.ts';
import { PASSAGES } from './passages.ts';
import { ReadPane } from './read-pane.tsx';
import { useReads } from './use-reads.ts';

interface ReadingProps extends ViewProps {
  readonly isShown: boolean;
}

export function Reading({ data, state: { step, tint, text }, onChange, isShown }: ReadingProps) {
  const top = topOf(data);
  const card = useTokenCard();
  const trained = chosenModel(data, step);
  const models = data.compared === null ? [trained] : [data.compared, trained];
  const { reads, retry } = useReads(models, isShown ? text : '', top);

  const look = (index: number, { index: place, ...rest }: TokenLook): void => {
    const token = reads[index]?.tokens?.[place];
    const otherModel = models[1 - index];
    if (!token) return;
    card.show({
      ...rest,
      token,
      name: modelTitle(models[index] ?? '', data),
      otherName: otherModel && modelTitle(otherModel, data),
      askOther: async () => reads[1 - index]?.tokens?.[place],
    });
  };
  return (
    <>
      <TextForm
        text={text}
        onRead={(next) => {
          card.close();
          onChange({ text: next });
        }}
      />
      {data.steps.length > 1 && (
        <CheckpointSlider data={data} step={step} onChange={(next) => onChange({ step: next })} />
      )}
      <Legend tint={tint} top={top} hasOther={data.compared !== null} onChange={(next) => onChange({ tint: next })} />
      <div class={models.length > 1 ? 'panes two' : 'panes'}>
        {models.map((model, index) => (
          <ReadPane
            key={index}
            data={data}
            model={model}
            kind={index === models.length - 1 ? 'main' : 'compared'}
            read={reads[index]}
            others={reads[1 - index]?.tokens}
            tint={tint}
            onLook={(token) => look(index, token)}
            onLeave={card.leave}
            onRetry={retry}
          />
        ))}
      </div>
      {card.subject && (
        <TokenCard subject={card.subject} onEnter={card.stay} onLeave={card.leave} onClose={card.close} />
      )}
    </>
  );
}

interface TextFormProps {
  /** What is read at present. */
  readonly text: string;
  readonly onRead: (text: string) => void;
}

function TextForm({ text, onRead }: TextFormProps) {
  const [typed, setTyped] = useState(text);
  const id = useId();
  const read = (next: string): void => {
    setTyped(next);
    onRead(next);
  };
  return (
    <form
      class="card prompt"
      onSubmit={(event) => {
        event.preventDefault();
        read(typed);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || typed.trim() === '') return;
        event.preventDefault();
        read(typed);
      }}
    >
      <label for={id} class="visually-hidden">
        Text to read
      </label>
      <textarea
        id={id}
        rows={1}
        value={typed}
        placeholder="Paste a text; both models read it"
        spellcheck={false}
        onInput={(event) => setTyped(event.currentTarget.value)}
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
          <button
            type="button"
            onClick={() => {
              setTyped('');
              document.getElementById(id)?.focus();
            }}
          >
            Paste your own
          </button>
        </li>
      </ul>
      <div class="bar-of-actions">
        <button type="submit" class="primary" disabled={typed.trim() === ''}>
          Read
        </button>
      </div>
    </form>
  );
}
