/** @file Where a reader says what to write: a prompt, examples of prompts, the seed, the settings. */

import { useId, useState } from 'preact/hooks';
import { EXAMPLES } from './examples.ts';
import { MAX_SEED, randomSeed, type Settings } from './settings.ts';
import { SettingsFields } from './settings-fields.tsx';

interface PromptFormProps {
  readonly prompt: string;
  readonly settings: Settings;
  readonly maxLength: number;
  readonly isRunning: boolean;
  readonly onPrompt: (prompt: string) => void;
  readonly onSettings: (settings: Settings) => void;
  /** Writes; with what is given instead of the present prompt or settings. */
  readonly onRun: (instead?: { readonly prompt?: string; readonly settings?: Settings }) => void;
  readonly onStop: () => void;
  readonly onClear: () => void;
  readonly children?: preact.ComponentChildren;
}

export function PromptForm(props: PromptFormProps) {
  const { prompt, settings, maxLength, isRunning, onPrompt, onSettings, onRun, onStop, onClear, children } = props;
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  return (
    <form
      class="card prompt"
      onSubmit={(event) => {
        event.preventDefault();
        if (isRunning) onStop();
        else onRun();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        onRun();
      }}
    >
      <label for={id} class="visually-hidden">
        Prompt
      </label>
      <textarea
        id={id}
        rows={1}
        value={prompt}
        placeholder="Begin a text; the models go on"
        spellcheck={false}
        onInput={(event) => onPrompt(event.currentTarget.value)}
      />
      <ul class="chips" aria-label="Examples">
        {EXAMPLES.map((example) => (
          <li key={example}>
            <button type="button" onClick={() => onRun({ prompt: example })}>
              {example}
            </button>
          </li>
        ))}
      </ul>
      <div class="bar-of-actions">
        {/* one button, so that it keeps the focus */}
        <button type="submit" class="primary" title={isRunning ? undefined : 'Ctrl+Enter or ⌘+Enter'}>
          {isRunning ? 'Stop' : 'Run'}
        </button>
        <label class="seed">
          Seed
          <input
            type="number"
            min="0"
            max={MAX_SEED}
            value={settings.seed}
            onInput={({ currentTarget: { valueAsNumber } }) =>
              Number.isInteger(valueAsNumber) && onSettings({ ...settings, seed: valueAsNumber })
            }
          />
        </label>
        <button
          type="button"
          class="die"
          aria-label="Another seed, and run"
          title="Another seed"
          onClick={() => onRun({ settings: { ...settings, seed: randomSeed() } })}
        >
          <Die />
        </button>
        <button
          type="button"
          class="quiet"
          aria-expanded={isOpen}
          aria-controls={`${id}-settings`}
          onClick={() => setOpen(!isOpen)}
        >
          Settings
        </button>
        <span class="spring" />
        {children}
        <button type="button" class="quiet" onClick={onClear}>
          Clear
        </button>
      </div>
      <div id={`${id}-settings`} hidden={!isOpen}>
        <SettingsFields settings={settings} maxLength={maxLength} onChange={onSettings} />
      </div>
    </form>
  );
}

function Die() {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
      <rect x="2" y="2" width="16" height="16" rx="4" fill="none" stroke="currentColor" stroke-width="1.6" />
      <circle cx="6.7" cy="6.7" r="1.5" fill="currentColor" />
      <circle cx="10" cy="10" r="1.5" fill="currentColor" />
      <circle cx="13.3" cy="13.3" r="1.5" fill="currentColor" />
    </svg>
  );
}
