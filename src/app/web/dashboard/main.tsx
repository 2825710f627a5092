/** @file The dashboard's page. */

import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import '../shared/base.css';
import './style.css';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);
