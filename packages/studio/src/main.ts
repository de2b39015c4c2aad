import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';

const target = document.getElementById('studio')!;
target.replaceChildren();
mount(App, { target });
