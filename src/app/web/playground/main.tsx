/** @file The app's page. */

import { render } from 'preact';
import './styles.ts';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);
