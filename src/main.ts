import { mount } from 'svelte';
import App from './app/shell/App.svelte';

const target = document.querySelector('#app');
if (!target) throw new Error('index.html lacks #app.');
mount(App, { target });
