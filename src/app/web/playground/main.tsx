/** @file The app's page. */

import { render } from 'preact';
import '../shared/base.css';
import '../shared/top.css';
import '../shared/problem.css';
import './page.css';
import './tokens/tokens.css';
import './tokens/tints.css';
import './tokens/token-card.css';
import './write/prompt.css';
import './write/panes.css';
import './steps/steps.css';
import './read/figures.css';
import './blind/question.css';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);
