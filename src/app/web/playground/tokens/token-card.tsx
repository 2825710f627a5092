/** @file The card of a token: how likely it was, and what else both models held possible at its place. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { asProblem } from '../api/problem.ts';
import { fetchTokenTexts, tokenText } from '../api/token-texts.ts';
import { type CardRow, cardRows } from './card-rows.ts';
import { formatProbability, visibleToken } from './format-probability.ts';
import { coveredShare, rankOf, type Token } from './token.ts';

export interface CardSubject {
  readonly element: HTMLElement;
  readonly isChosen: boolean;
  readonly token: Token;
  /** What the model that wrote is called, and the other. */
  readonly name: string;
  readonly otherName: string | undefined;
  /** The same token as the other model sees it. */
  readonly askOther: () => Promise<Token | undefined>;
  /** Writes on from here with another token. */
  readonly goOn?: ((row: CardRow) => void) | undefined;
}

interface TokenCardProps {
  readonly subject: CardSubject;
  readonly onEnter: () => void;
  readonly onLeave: () => void;
  readonly onClose: () => void;
}

export function TokenCard({ subject, onEnter, onLeave, onClose }: TokenCardProps) {
  const { element, isChosen, token, name, otherName, askOther, goOn } = subject;
  const card = useRef<HTMLDivElement>(null);
  const [other, setOther] = useState<Token>();
  const [problem, setProblem] = useState<string>();
  const [, setKnown] = useState(0);

  useEffect(() => {
    let isCurrent = true;
    const fail = (cause: unknown): void => {
      if (isCurrent) setProblem(asProblem(cause).message);
    };
    const learn = async (asked: Token | undefined): Promise<void> => {
      await fetchTokenTexts(cardRows(token, asked).map(({ id }) => id));
      if (!isCurrent) return;
      setOther(asked);
      setKnown((count) => count + 1);
    };
    learn(undefined).catch(fail);
    askOther().then(learn).catch(fail);
    return () => {
      isCurrent = false;
    };
  }, [token, askOther]);
  useLayoutEffect(() => {
    if (!element.isConnected) onClose();
    else if (card.current) placeCard(card.current, element);
  });
  useEffect(() => {
    if (isChosen) card.current?.focus({ preventScroll: true });
  }, [isChosen]);

  const rank = rankOf(token);
  const shown = visibleToken(token.text || (tokenText(token.id) ?? ''));
  const rows = cardRows(token, other);
  return (
    <div
      ref={card}
      class="card token-card"
      role="dialog"
      tabIndex={-1}
      aria-label={`Token ${shown}`}
      onPointerEnter={onEnter}
      onPointerLeave={onLeave}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <header>
        <b class="shown-token">{shown}</b>
        <span>
          {token.logprob === null ? 'nothing predicts it' : formatProbability(Math.exp(token.logprob))}
          <small>{rank === undefined ? `not among the top ${token.top.length}` : `rank ${rank}`}</small>
        </span>
        <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Token</span>
            </th>
            <th scope="col" class="own">
              {name}
            </th>
            {otherName !== undefined && (
              <th scope="col" class="other">
                {otherName}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} class={row.id === token.id ? 'written' : ''}>
              <th scope="row">
                <RowToken row={row} goOn={row.id === token.id ? undefined : goOn} />
              </th>
              <Bar kind="own" logprob={row.own} isKnown />
              {otherName !== undefined && <Bar kind="other" logprob={row.other} isKnown={other !== undefined} />}
            </tr>
          ))}
        </tbody>
      </table>
      <footer>
        {problem ?? `The top ${token.top.length} cover ${shares(token, other, name, otherName)}.`}
        {goOn && <span> Choose another to go on from it.</span>}
      </footer>
    </div>
  );
}

function shares(own: Token, other: Token | undefined, name: string, otherName: string | undefined): string {
  const share = formatProbability(coveredShare(own.top));
  if (!other || otherName === undefined) return share;
  return `${share} (${name}) and ${formatProbability(coveredShare(other.top))} (${otherName})`;
}

function RowToken({ row, goOn }: { readonly row: CardRow; readonly goOn: CardSubject['goOn'] }) {
  const text = visibleToken(tokenText(row.id) ?? '');
  // going on needs the text, which the pane will show
  return goOn && row.own !== undefined && tokenText(row.id) !== undefined ? (
    <button type="button" class="shown-token" title="Go on from this token" onClick={() => goOn(row)}>
      {text}
    </button>
  ) : (
    <span class="shown-token">{text}</span>
  );
}

interface BarProps {
  readonly kind: 'own' | 'other';
  readonly logprob: number | undefined;
  /** Whether the model has answered. */
  readonly isKnown: boolean;
}

function Bar({ kind, logprob, isKnown }: BarProps) {
  if (logprob === undefined) return <td class={kind}>{isKnown ? '–' : '…'}</td>;
  const probability = Math.exp(logprob);
  return (
    <td class={kind}>
      <span class="bar" style={{ width: `${100 * probability}%` }} />
      <span class="value">{formatProbability(probability)}</span>
    </td>
  );
}

const MARGIN = 8;

/** Below the token, or above it where there is no room, within the window. */
function placeCard(card: HTMLElement, element: HTMLElement): void {
  const token = element.getClientRects()[0] ?? element.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const { clientWidth, clientHeight } = document.documentElement;
  const left = Math.max(MARGIN, Math.min(token.left, clientWidth - width - MARGIN));
  const isRoomBelow = token.bottom + MARGIN + height < clientHeight || token.top < height + MARGIN;
  const top = isRoomBelow ? token.bottom + MARGIN : token.top - height - MARGIN;
  card.style.left = `${left + scrollX}px`;
  card.style.top = `${top + scrollY}px`;
}
