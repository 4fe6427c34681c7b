import './design/tokens.css';
import './design/base.css';

import { mount } from 'svelte';

import { App } from './app.svelte';
import Root from './Root.svelte';

const app = new App();
app.start();

const target = document.getElementById('app');
if (target !== null) mount(Root, { target, props: { app } });
